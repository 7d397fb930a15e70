"""The truck: a tractor that steers, and the trailer that it pulls or pushes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from plansim.core.arrays import Array, namespace, stack
from plansim.core.errors import MalformedInput
from plansim.core.layout import Layout, layout
from plansim.models import vehicle
from plansim.models.car import car_guess


@dataclass(frozen=True)
class TruckTrailer:
    """A tractor without slip, seen at the middle of its rear axle, with one trailer (LaValle 2006, eq. 13.19).

    x' = v cos(heading), y' = v sin(heading), heading' = v tan(steering) / wheelbase,
    trailer_heading' = (v sin(bend) - hitch_offset heading' cos(bend)) / trailer_length,
    where bend = heading - trailer_heading. Driving backwards it is unstable: the bend grows until the two jack-knife.

    >>> truck = TruckTrailer(wheelbase=3.0, trailer_length=6.0)
    >>> truck.step([0.0, 0.0, 0.0, 0.0], [1.0, 0.0], dt=2.0).tolist()  # m, m, rad, rad; m/s, rad
    [2.0, 0.0, 0.0, 0.0]
    """

    wheelbase: float = 3.0  # m, rear to front axle of the tractor
    trailer_length: float = 6.0  # m, hitch to trailer axle
    hitch_offset: float = 0.0  # m, from the tractor's rear axle back to the hitch
    integrator: vehicle.Integrator = "rk4"

    state: ClassVar[Layout] = layout("x y heading trailer_heading", angles="heading trailer_heading")
    control: ClassVar[Layout] = layout("speed steering")  # m/s, rad
    step = vehicle.step
    inverse = vehicle.inverse

    def __post_init__(self) -> None:
        for name in ("wheelbase", "trailer_length"):
            if not getattr(self, name) > 0:
                raise MalformedInput(f"{name} is {getattr(self, name)}, but must be a positive number of metres")
        if not abs(self.hitch_offset) < float("inf"):
            raise MalformedInput(f"hitch_offset is {self.hitch_offset}, but must be a finite number of metres")

    @staticmethod
    def equations(m) -> vehicle.Rate:
        def rate(x, u, p):
            _, _, heading, trailer_heading = x
            speed, steering = u
            wheelbase, trailer_length, hitch_offset = p
            turn = speed * m.tan(steering) / wheelbase
            bend = heading - trailer_heading
            trailer_turn = (speed * m.sin(bend) - hitch_offset * turn * m.cos(bend)) / trailer_length
            return speed * m.cos(heading), speed * m.sin(heading), turn, trailer_turn

        return rate

    def parameters(self) -> tuple[float, ...]:
        return self.wheelbase, self.trailer_length, self.hitch_offset

    def guess(self, x: Array, x_next: Array, dt: float) -> Array:
        """That of the tractor alone."""
        return car_guess(x, x_next, dt, self.wheelbase)

    def control_for(self, x: Array, speed: Array, curvature: Array, dt: float) -> Array:
        """The control that drives the tractor at `speed` m/s on a path of `curvature` 1/m, to the left if positive."""
        m = namespace(x, curvature)
        each = m.zeros_like(x[..., 0])
        return stack((each + speed, each + m.arctan(self.wheelbase * curvature)), like=x)
