"""What the node `hand` tells about whichever driver it has."""

from __future__ import annotations

from hardware.hand.driver import HandDriver
from hardware.safety.derating import SAG_V
from hardware.trajectory.driver import TrajectoryDriver

Driver = HandDriver | TrajectoryDriver


def sagging(driver: Driver) -> bool:
    """Whether a motor has less than its lowest voltage, so that the hand does not move."""
    health = driver.health if isinstance(driver, HandDriver) else None
    return health is not None and min(health.supply_v.values(), default=SAG_V) < SAG_V


def numbers(driver: Driver) -> dict[str, object]:
    """What there is to tell about bus and motors."""
    values: dict[str, object] = {}
    bus, health = (driver.bus, driver.health) if isinstance(driver, HandDriver) else (None, None)
    loop = driver.loop
    if bus is not None:
        values |= {"repeated": bus.losses.repeated, "lost_cycles": bus.losses.lost_cycles}
    if loop is not None:
        report = loop.report
        values |= {
            "mode": driver.mode,
            "scheduling": report.scheduling,
            "cycles": report.cycles,
            "late_cycles": report.late,
            "period_error_ms_p99": f"{report.error_ms(99.0):.2f}",
        }
    if health is not None and health.supply_v:
        values |= {
            "lowest_supply_v": f"{min(health.supply_v.values()):.1f}",
            "highest_temperature_c": f"{max(health.temperature_c.values()):.0f}",
        }
    return values
