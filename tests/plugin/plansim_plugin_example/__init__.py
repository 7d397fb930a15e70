"""A pond with a rock: registered with Gymnasium when plansim imports its plug-ins."""

import gymnasium

gymnasium.register("example/Pond-v0", entry_point="plansim_plugin_example.env:Pond")
