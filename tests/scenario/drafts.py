"""Scenario texts that these tests begin with."""

WAREHOUSE = """\
name: warehouse
description: A robot with lidar and odometry delivers in a warehouse.
seed: 1
episodes: 20
env:
  id: plansim/GridNavigation-v0
  map: &map {name: warehouse, rows: 3, resolution: 0.1}
  robot: &robot {name: unicycle}
  lidar: &lidar {name: lidar, beams: 180, max_range: 12.0, range_std: 3e-2}
  odometry: &wheels wheel-odometry
policy:
  name: agent
  map: *map
  estimator:
    name: monte-carlo-localization
    map: *map
    motion: *wheels
    particles: 500
  sensor: {name: likelihood-field, map: *map, lidar: *lidar}
  planner: a-star
  controller: {name: pure-pursuit, robot: *robot}
metrics: [success, steps, path_length, position_error, replans, seconds_per_step]
expect:
  success: ">= 1.0"
  position_error: "< 0.10"
"""

DEPOT = """\
name: depot
seed: 1
episodes: 20
env:
  id: plansim/GridNavigation-v0
  map: &depot {name: ros-map, path: "${PLANSIM_DATA}/ros/depot.yaml"}
  lidar: &lidar {name: lidar, beams: 360, max_range: 12.0}
policy:
  name: agent
  map: *depot
  estimator: {name: monte-carlo-localization, map: *depot, particles: 500}
  sensor: {name: likelihood-field, map: *depot, lidar: *lidar}
  planner: {name: a-star}
  controller: {name: pure-pursuit, robot: unicycle}
"""

CITY = """\
name: city
seed: 1
episodes: 20
env:
  id: plansim/GridWorld-v0
  map: &city {name: movingai-map, path: "${PLANSIM_DATA}/movingai/cities/Berlin_0_1024.map"}
  problems: {name: movingai-problems, path: "${PLANSIM_DATA}/movingai/cities/Berlin_0_1024.map.scen"}
policy: {name: agent, map: *city, planner: a-star, controller: grid-moves}
variants:
  a-star: {policy.planner: a-star}
  dijkstra: {policy.planner: dijkstra}
metrics: [success, path_length, expanded]
expect:
  success: ">= 1.0"
  a-star.expanded: "< 0.5 * dijkstra.expanded"
"""

# every sort of parameter, and no file and no neighbour that could change
EVERYTHING = """\
name: everything
env: {id: test/Arena-v0, map: &map {name: empty, width: 4.0, height: 3, resolution: 0.5}, size: 4}
policy:
  name: tests.scenario.components:Everything
  world: {motion: {name: bicycle, wheelbase: 2.5}, dt: 5e-2}
  planner: {name: "tests.scenario.components:Straight", weight: 2}
  planners: ["tests.scenario.components:Straight"]
  map: *map
  lidar: {beams: 8}
  particles: 50
  gain: 1
  greedy: true
  label: no
  mode: sparse
  colour: blue
  pose: [1, 2.5, 0]
  levels: [1, 2, 3]
  tags: [a, b]
  table: {x: 1, y: .5}
  cov: [[1, 0], [0, 2]]
  count: all
  shrink: math:sqrt
  anything: {name: unicycle}
metrics: [success, thoughts, bumps]
expect: {success: ">= 0.5", thoughts: "<= 2 * bumps"}
variants:
  plain: {}
  heavy: {policy.planner.weight: 5, env.map.height: 6}
max_steps: 30
"""
