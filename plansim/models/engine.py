"""An engine that gets hot inside, where no thermometer can be."""

from __future__ import annotations

from plansim.core.errors import MalformedInput
from plansim.models.linear_motion import LinearSystem


def engine(
    inner_capacity: float = 20e3,
    outer_capacity: float = 10e3,
    conductance: float = 40.0,
    loss: float = 10.0,
    inner_density: float = 0.001,
    outer_density: float = 0.001,
) -> LinearSystem:
    """Heat goes in, through to the shell, and off to the air: an exact linear motion of two temperatures.

    inner' = (heat - conductance (inner - outer)) / inner_capacity,
    outer' = (conductance (inner - outer) - loss outer) / outer_capacity; K above the surroundings, W.

    inner_capacity, outer_capacity: J/K; conductance, loss: W/K from inside to the shell, and from there to the air;
    inner_density, outer_density: K²/s of the white noise

    >>> motion = engine()
    >>> abs(motion.dynamics @ [250.0, 200.0] + motion.input @ [2000.0]).round(9).tolist()  # where 2 kW lead to
    [0.0, 0.0]
    """
    for name, value in {"inner_capacity": inner_capacity, "outer_capacity": outer_capacity}.items():
        if not value > 0:
            raise MalformedInput(f"{name} is {value}, but must be a positive number of J/K")
    if not min(conductance, loss, inner_density, outer_density) >= 0:
        raise MalformedInput(
            f"conductance {conductance}, loss {loss}, inner_density {inner_density} and outer_density {outer_density} "
            "must be 0 or more"
        )
    return LinearSystem(
        "inner outer",
        [
            [-conductance / inner_capacity, conductance / inner_capacity],
            [conductance / outer_capacity, -(conductance + loss) / outer_capacity],
        ],
        "heat",
        [[1.0 / inner_capacity], [0.0]],
        [[inner_density, 0.0], [0.0, outer_density]],
    )
