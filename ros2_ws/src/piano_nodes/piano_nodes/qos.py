"""Quality of service, named once per kind of stream.

A publisher and a subscription that disagree never connect and never say so; therefore every node
takes its profile from here.
"""

from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

STATES = QoSProfile(
    # Reliable, so that a recording has no holes; the player needs only the newest, but a depth of
    # one would drop states from the recording whenever the recorder is a moment late.
    history=HistoryPolicy.KEEP_LAST,
    depth=50,
    reliability=ReliabilityPolicy.RELIABLE,
)
TARGETS = QoSProfile(
    # Only the newest target counts, and it must arrive.
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
)
CONTROLLER_STATES = QoSProfile(
    # Of controllers that are not ours: best effort meets publishers of either kind, and only the
    # newest counts.
    history=HistoryPolicy.KEEP_LAST,
    depth=1,
    reliability=ReliabilityPolicy.BEST_EFFORT,
)
EVENTS = QoSProfile(
    # A key event that is lost is a note that is lost: deep enough for any chord and trill.
    history=HistoryPolicy.KEEP_LAST,
    depth=1000,
    reliability=ReliabilityPolicy.RELIABLE,
)
RESULTS = QoSProfile(
    # Once per performance, and not to be lost.
    history=HistoryPolicy.KEEP_LAST,
    depth=10,
    reliability=ReliabilityPolicy.RELIABLE,
)
DIAGNOSTICS = QoSProfile(
    # Once a second; what the tools of ROS expect.
    history=HistoryPolicy.KEEP_LAST,
    depth=10,
    reliability=ReliabilityPolicy.RELIABLE,
)
RECORDING = QoSProfile(
    # The recorder takes whatever is offered, and has room for a second of a slow disk.
    history=HistoryPolicy.KEEP_LAST,
    depth=1000,
    reliability=ReliabilityPolicy.RELIABLE,
)
