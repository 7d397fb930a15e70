"""A window that shows an environment's pictures; pygame is loaded when the first one opens."""

from __future__ import annotations

import numpy as np

from plansim.core.errors import PlansimError, require


class Window:
    def __init__(self, title: str, shape: tuple[int, ...], fps: int):
        self._pygame = pygame = require("pygame", "envs")
        try:
            pygame.display.init()
            self._screen = pygame.display.set_mode((shape[1], shape[0]))
        except pygame.error as error:
            raise PlansimError(f"no window can be opened ({error}): use render_mode='rgb_array'") from error
        pygame.display.set_caption(title)
        self._clock, self._fps = pygame.time.Clock(), fps

    def show(self, picture: np.ndarray) -> None:
        pygame = self._pygame
        self._screen.blit(pygame.surfarray.make_surface(picture.swapaxes(0, 1)), (0, 0))
        pygame.event.pump()
        pygame.display.flip()
        self._clock.tick(self._fps)

    def close(self) -> None:
        self._pygame.display.quit()
