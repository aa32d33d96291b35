"""The simulated rig: hands, keyboards and rigs as data, their MuJoCo model, rewards, rendering."""

from sim.anyrig import AnyRig, build_playable, load_any_rig
from sim.batched import BatchedEnvironment
from sim.drivers import Driver, DynamixelDriver, RosTrajectoryDriver
from sim.environment import Environment
from sim.errors import ParameterError, RenderingError, RigError, SimError
from sim.joints import PEDAL, by_kind
from sim.lead import Lead
from sim.limits import TargetLimits, limit_targets
from sim.model import (
    PHYSICS_STEP_S,
    PHYSICS_STEPS_PER_CONTROL,
    RigModel,
    build_model,
    build_spec,
    key_name,
    tip_name,
)
from sim.pair.playable import PlayablePair
from sim.parameter_files import (
    FittedParameters,
    parameters_text,
    read_fitted,
    read_parameters,
    write_parameters,
)
from sim.parameters import Parameter, PhysicsParameters, parameter_table
from sim.playable import PlayableModel
from sim.randomisation import Randomisation
from sim.rig import RAIL, Rig, has_two_hands, load_rig, pair_names, rig_names
from sim.simulator import Simulator
from sim.song_states import SongStates, record_states

__all__ = [
    "PEDAL",
    "PHYSICS_STEPS_PER_CONTROL",
    "PHYSICS_STEP_S",
    "RAIL",
    "AnyRig",
    "BatchedEnvironment",
    "Driver",
    "DynamixelDriver",
    "Environment",
    "FittedParameters",
    "Lead",
    "Parameter",
    "ParameterError",
    "PhysicsParameters",
    "PlayableModel",
    "PlayablePair",
    "Randomisation",
    "RenderingError",
    "Rig",
    "RigError",
    "RigModel",
    "RosTrajectoryDriver",
    "SimError",
    "Simulator",
    "SongStates",
    "TargetLimits",
    "build_model",
    "build_playable",
    "build_spec",
    "by_kind",
    "has_two_hands",
    "key_name",
    "limit_targets",
    "load_any_rig",
    "load_rig",
    "pair_names",
    "parameter_table",
    "parameters_text",
    "read_fitted",
    "read_parameters",
    "record_states",
    "rig_names",
    "tip_name",
    "write_parameters",
]
