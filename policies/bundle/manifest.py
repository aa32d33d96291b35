"""The manifest of a bundle: everything about it that is not an array."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    JsonValue,
    ValidationError,
)

from policies.errors import BundleError

MAX_LAYERS = 8

Name = Annotated[str, Field(min_length=1, max_length=200)]
Size = Annotated[int, Field(ge=1, le=1_000_000)]
Squash = Literal["clip", "tanh"]


class Manifest(BaseModel):
    """What a bundle says about itself; frozen, strictly typed, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Literal[1] = Field(alias="schema")
    song: Name
    rig: Name
    rig_hash: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the rig's content")
    joint_names: tuple[Name, ...] = Field(min_length=1, description="in the order of the targets")
    control_step_s: FiniteFloat = Field(gt=0)
    feature_blocks: dict[Name, Size] = Field(description="sizes in the network's order")
    n_layers: int = Field(ge=1, le=MAX_LAYERS)
    squash: Squash = Field(description="how outputs become actions in [-1, 1]")
    residual: bool = Field(description="whether actions correct the plan")
    physics: dict[Name, FiniteFloat] = Field(description="physics parameters it was trained on")
    lateness_s: FiniteFloat = Field(default=0.0, ge=0, le=0.5, description="of its plan's keys")
    training: dict[str, JsonValue] = Field(description="algorithm and its settings")
    seed: int = Field(ge=0, lt=2**63)
    scores: dict[str, JsonValue]
    versions: dict[str, str]
    licence: Name


def read_manifest(data: bytes) -> Manifest:
    """Parse a manifest.

    Raises:
        BundleError: not JSON, or a field that is missing, unknown, out of range or of another type.
    """
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        raise BundleError(f"manifest: {describe(error)}") from error


def describe(error: ValidationError) -> str:
    """The first complaint of a validation in one short line that names the field."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    text = f"{field}: {first['msg']}" if field else first["msg"]
    return " ".join(text.split())[:200]
