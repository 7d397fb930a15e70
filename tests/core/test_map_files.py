"""Map files: map_server's rules, MovingAI's rows, round trips, and what a broken file is told."""

import numpy as np
import pytest
from PIL import Image

from plansim.core.errors import MalformedInput
from plansim.core.grid import OccupancyGrid
from plansim.core.map_files import (
    GridProblem,
    read_movingai_map,
    read_movingai_problems,
    read_ros_map,
    write_movingai_map,
    write_movingai_problems,
    write_ros_map,
)
from plansim.core.pgm import read_pgm, write_pgm

YAML = {
    "image": "map.pgm",
    "resolution": "0.05",
    "origin": "[-1.0, 2.0, 0.5]",
    "negate": "0",
    "occupied_thresh": "0.65",
    "free_thresh": "0.25",
}


@pytest.fixture
def ros(tmp_path):
    """Writes a yaml and its image, and gives the yaml's path."""

    def write(pixels=np.array([[0, 205, 254]], np.uint8), **keys):
        fields = {k: v for k, v in (YAML | keys).items() if v is not None}
        (tmp_path / "map.yaml").write_text("".join(f"{k}: {v}\n" for k, v in fields.items()))
        if pixels is not None:
            Image.fromarray(pixels).save(tmp_path / fields.get("image", "map.pgm"))
        return tmp_path / "map.yaml"

    return write


# --- ROS: what map_server makes of an image ------------------------------------------------------------------


def test_trinary_is_occupied_unknown_free(ros):
    grid = read_ros_map(ros(free_thresh="0.196"))
    np.testing.assert_array_equal(grid.probability, [[1.0, 0.5, 0.0]])
    np.testing.assert_array_equal(grid.origin, [-1.0, 2.0, 0.5])
    assert grid.resolution == 0.05


def test_the_top_row_of_an_image_has_the_highest_y(ros):
    grid = read_ros_map(ros(np.array([[254, 254], [0, 254]], np.uint8)))
    np.testing.assert_array_equal(grid.occupied, [[True, False], [False, False]])


def test_thresholds_are_exceeded_not_met(ros):
    pixels = np.array([[203, 204, 205, 50, 51, 52]], np.uint8)  # occ 0.2 and 0.8 are in the middle of each three
    grid = read_ros_map(ros(pixels, occupied_thresh="0.8", free_thresh="0.2"))
    # 1 - 204/255 is just below 0.2, and 1 - 51/255 is 0.8, as map_server's double precision has it
    np.testing.assert_array_equal(grid.probability, [[0.5, 0.0, 0.0, 1.0, 0.5, 0.5]])
    extremes = read_ros_map(ros(np.array([[255, 254, 1, 0]], np.uint8), occupied_thresh="1.0", free_thresh="0.0"))
    assert extremes.unknown.all()


def test_negate_swaps_black_and_white(ros):
    for negate in ("1", "true"):
        np.testing.assert_array_equal(read_ros_map(ros(negate=negate)).probability, [[0.0, 1.0, 1.0]])


def test_scale_stretches_what_lies_between_the_thresholds(ros):
    pixels = np.array([[255, 192, 190, 127, 90, 89, 0]], np.uint8)
    grid = read_ros_map(ros(pixels, mode="scale"))
    occ = 1 - pixels / 255
    expected = np.where(occ > 0.65, 1.0, np.where(occ < 0.25, 0.0, np.rint((occ - 0.25) / 0.4 * 100) / 100))
    np.testing.assert_array_equal(grid.probability, expected)
    np.testing.assert_array_equal(grid.occupied, [[0, 0, 0, 0, 0, 1, 1]])
    np.testing.assert_array_equal(grid.unknown, [[0, 0, 1, 1, 1, 0, 0]])


def test_scale_does_not_know_what_is_transparent(ros):
    pixels = np.array([[[0, 0, 0, 254], [0, 0, 0, 255], [255, 255, 255, 0]]], np.uint8)
    grid = read_ros_map(ros(pixels, image="map.png", mode="scale"))
    np.testing.assert_array_equal(grid.probability, [[0.5, 1.0, 0.5]])


def test_trinary_counts_opacity_as_brightness(ros):
    pixels = np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [255, 255, 255, 255], [255, 0, 0, 0]]], np.uint8)
    grid = read_ros_map(ros(pixels, image="map.png"))
    np.testing.assert_array_equal(grid.probability, [[1.0, 1.0, 0.0, 1.0]])  # occ 1, 3/4, 0, 3/4


def test_raw_pixels_are_percentages_whatever_negate_says(ros):
    for negate in ("0", "1"):
        grid = read_ros_map(ros(np.array([[0, 37, 100, 101, 255]], np.uint8), mode="raw", negate=negate))
        np.testing.assert_array_equal(grid.probability, [[0.0, 0.37, 1.0, 0.5, 0.5]])


def test_raw_certainty_is_occupied_or_free_whatever_the_thresholds(ros):
    grid = read_ros_map(ros(np.array([[0, 50, 100]], np.uint8), mode="raw", occupied_thresh="1.0", free_thresh="0.0"))
    np.testing.assert_array_equal([grid.free[0], grid.unknown[0], grid.occupied[0]], np.eye(3))


def test_thresholds_that_exclude_one_half_classify_as_before(ros):
    grid = read_ros_map(ros(np.array([[254, 100, 0]], np.uint8), occupied_thresh="0.9", free_thresh="0.55"))
    np.testing.assert_array_equal([grid.free[0], grid.unknown[0], grid.occupied[0]], np.eye(3))
    grid = read_ros_map(ros(np.array([[254, 200, 150]], np.uint8), occupied_thresh="0.3", free_thresh="0.1"))
    np.testing.assert_array_equal([grid.free[0], grid.unknown[0], grid.occupied[0]], np.eye(3))


def test_images_of_every_kind_mean_the_same(ros, tmp_path):
    grey = np.array([[0, 205, 254], [254, 0, 205]], np.uint8)
    expected = read_ros_map(ros(grey)).probability
    kinds = {
        "colour.png": np.repeat(grey[..., None], 3, -1),
        "deep.png": grey.astype(np.uint16) * 257,
        "grey.png": grey,
        "grey.bmp": grey,
    }
    for name, pixels in kinds.items():
        np.testing.assert_array_equal(read_ros_map(ros(pixels, image=name)).probability, expected, err_msg=name)
    write_pgm(grey.astype(int) * 257, tmp_path / "deep.pgm", maxval=65535)
    np.testing.assert_array_equal(read_ros_map(ros(None, image="deep.pgm")).probability, expected)
    Image.fromarray(grey).convert("P").save(tmp_path / "palette.png")
    np.testing.assert_array_equal(read_ros_map(ros(None, image="palette.png")).probability, expected)


def test_an_image_may_have_an_absolute_path(ros, tmp_path):
    (tmp_path / "images").mkdir()
    write_pgm(np.array([[0, 254]]), tmp_path / "images/far.pgm")
    for image in (tmp_path / "images/far.pgm", "images/far.pgm"):
        np.testing.assert_array_equal(read_ros_map(ros(None, image=image)).probability, [[1.0, 0.0]])


def test_numbers_with_an_exponent_are_numbers(ros):
    assert read_ros_map(ros(resolution="5e-2")).resolution == 0.05  # YAML 1.1 calls this a string


# --- round trips ---------------------------------------------------------------------------------------------


def shades(rng, rows=7, columns=9):
    return OccupancyGrid(rng.integers(0, 101, (rows, columns)) / 100, 0.123456789, (-1.5, 1e-7, 0.3))


@pytest.mark.parametrize("image", [None, "other.png"])
def test_trinary_maps_come_back(tmp_path, image):
    grid = shades(np.random.default_rng(1))
    write_ros_map(grid, tmp_path / "map.yaml", image=image)
    back = read_ros_map(tmp_path / "map.yaml")
    for name in ("occupied", "free", "unknown", "resolution", "origin"):
        np.testing.assert_array_equal(getattr(back, name), getattr(grid, name))
    write_ros_map(back, tmp_path / "again.yaml")
    assert read_ros_map(tmp_path / "again.yaml").digest == back.digest


@pytest.mark.parametrize(("mode", "image"), [("scale", None), ("raw", None), ("raw", "map.png")])
def test_percentages_come_back(tmp_path, mode, image):
    grid = shades(np.random.default_rng(2))
    write_ros_map(grid, tmp_path / "map.yaml", mode, image)
    back = read_ros_map(tmp_path / "map.yaml")
    np.testing.assert_array_equal(back.probability, grid.probability)
    if mode == "raw":
        assert back.digest == grid.digest


@pytest.mark.parametrize(("maxval", "plain"), [(255, False), (255, True), (65535, False), (65535, True), (7, False)])
def test_graymaps_come_back(tmp_path, maxval, plain):
    pixels = np.random.default_rng(3).integers(0, maxval + 1, (5, 8))
    write_pgm(pixels, tmp_path / "a.pgm", maxval, plain)
    np.testing.assert_array_equal(read_pgm(tmp_path / "a.pgm"), pixels / maxval)


def test_our_graymaps_are_what_others_read(tmp_path):
    pixels = np.random.default_rng(4).integers(0, 256, (5, 8))
    for plain in (False, True):
        write_pgm(pixels, tmp_path / "a.pgm", plain=plain)
        with Image.open(tmp_path / "a.pgm") as image:
            np.testing.assert_array_equal(np.asarray(image), pixels)


def test_comments_may_stand_anywhere_in_a_graymap(tmp_path):
    (tmp_path / "a.pgm").write_bytes(b"P2# one\n# two 5\n3#width\n\t2\n# maxval\n15\n0 5 15 # row\n#\n15 0\n5\n")
    np.testing.assert_array_equal(read_pgm(tmp_path / "a.pgm") * 15, [[0, 5, 15], [15, 0, 5]])
    (tmp_path / "b.pgm").write_bytes(b"P5\n# P5 #\n2 1 # size\n255\n#\n")  # the raster is '#' and a line feed
    np.testing.assert_array_equal(read_pgm(tmp_path / "b.pgm") * 255, [[35, 10]])


def test_movingai_maps_come_back(tmp_path):
    grid = OccupancyGrid(np.random.default_rng(5).random((6, 9)) < 0.3)
    write_movingai_map(grid, tmp_path / "a.map")
    assert read_movingai_map(tmp_path / "a.map").digest == grid.digest


def test_movingai_problems_come_back(tmp_path):
    problems = [GridProblem(0, "a b.map", (0, 1), (5, 8), 10.65685425), GridProblem(7, "c.map", (3, 3), (3, 3), 0.0)]
    write_movingai_problems(problems, tmp_path / "a.scen", (6, 9))
    assert read_movingai_problems(tmp_path / "a.scen") == problems
    assert (tmp_path / "a.scen").read_text().splitlines()[1] == "0\ta b.map\t9\t6\t1\t5\t8\t0\t10.65685425"


def test_movingai_terrain_is_passable_or_not(tmp_path):
    (tmp_path / "a.map").write_bytes(b"type octile\r\nheight 2\r\nwidth 4\r\nmap\r\n.GS@\r\nOTW.\r\n\r\n")
    np.testing.assert_array_equal(read_movingai_map(tmp_path / "a.map").free, [[0, 0, 0, 1], [1, 1, 1, 0]])


# --- real files ----------------------------------------------------------------------------------------------

ROS_COUNTS = {  # occupied, free, unknown cells
    "depot": (5947, 179481, 0),
    "depot_keepout": (31213, 154215, 0),
    "smoothers_world": (10576, 79424, 0),
    "tb3_sandbox": (870, 7903, 138683),
}


@pytest.mark.parametrize("name", ROS_COUNTS)
def test_real_ros_maps_hold_what_they_hold(data, name):
    grid = read_ros_map(data / f"ros/{name}.yaml")
    assert (grid.occupied.sum(), grid.free.sum(), grid.unknown.sum()) == ROS_COUNTS[name]
    assert grid.resolution == 0.05


def test_real_graymaps_are_read_as_pillow_reads_them(data):
    for path in sorted((data / "ros").glob("*.pgm")):
        with Image.open(path) as image:
            np.testing.assert_array_equal(read_pgm(path), np.asarray(image) / 255, err_msg=path.name)


def test_real_movingai_problems_start_and_end_on_free_cells(data):
    count = 0
    for path in sorted((data / "movingai").glob("*/*.map")):
        free = read_movingai_map(path).free
        text = path.read_text()
        assert free.sum() == sum(text.split("map\n", 1)[1].count(c) for c in ".GS")
        for scenario in path.parent.glob(f"{path.stem}*.scen"):
            problems = read_movingai_problems(scenario)
            cells = np.array([(p.start, p.goal) for p in problems])
            assert free[cells[..., 0], cells[..., 1]].all(), scenario
            count += len(problems)
    assert count == 50417


# --- broken files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"image": None}, r"map.yaml: image: is missing"),
        ({"image": "''"}, r"map.yaml:1: image: found '', but must be the path"),
        ({"image": "mop.pgm"}, r"map.yaml:1: image: there is no file .*mop.pgm; did you mean 'map.pgm'\?"),
        ({"resolution": "0"}, r"map.yaml:2: resolution: found 0.0, but must be"),
        ({"resolution": "fine"}, r"map.yaml:2: resolution: found 'fine', but must be a finite number"),
        ({"resolution": "true"}, r"map.yaml:2: resolution: found True"),
        ({"resolution": None, "resolutoin": "0.05"}, r"map.yaml:6: resolutoin: .* did you mean 'resolution'\?"),
        ({"origin": "[0, .nan, 0]"}, r"map.yaml:3: origin: found nan"),
        ({"origin": "[0, 0]"}, r"map.yaml:3: origin: found \[0, 0\], but must be a pose"),
        ({"origin": "0"}, r"map.yaml:3: origin: found 0, but must be a pose"),
        ({"negate": "2"}, r"map.yaml:4: negate: found 2, but must be 0 or 1"),
        ({"negate": "[1]"}, r"map.yaml:4: negate: found \[1\]"),
        ({"occupied_thresh": "1.5"}, r"map.yaml:6: free_thresh: found 0.25, with occupied_thresh 1.5"),
        ({"free_thresh": "0.65"}, r"map.yaml:6: free_thresh: found 0.65, with occupied_thresh 0.65"),
        ({"free_thresh": "-0.1"}, r"map.yaml:6: free_thresh: found -0.1"),
        ({"mode": "scaled"}, r"map.yaml:7: mode: found 'scaled', .* did you mean 'scale'\?"),
        ({"mode": "[trinary]"}, r"map.yaml:7: mode: found \['trinary'\]"),
        ({"extra": "[1, 2"}, r"map.yaml:8: is no YAML"),
        ({"extra": "!!python/name:os.system x"}, r"map.yaml:7: is no YAML: could not determine a constructor"),
        ({"extra": "1\nimage: other.pgm"}, r"map.yaml:8: image: stands already in line 1"),
        ({"extra": "2001-99-99"}, r"map.yaml: is no YAML"),
    ],
)
def test_a_broken_yaml_is_told_its_line(ros, keys, message):
    path = ros()
    with pytest.raises(MalformedInput, match=message):
        read_ros_map(ros(None, **keys))
    assert path.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "map.yaml:1: the file must be a mapping"),
        (b"- a\n- b\n", "map.yaml:1: the file must be a mapping"),
        (b"image: a\n\xff: b\n", "map.yaml:2: byte 0xff is no text"),
        (b"image: \x00", "map.yaml: is no YAML"),
        (b"[" * 5000, "map.yaml: is no YAML"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path, text, message):
    (tmp_path / "map.yaml").write_bytes(text)
    with pytest.raises(MalformedInput, match=message):
        read_ros_map(tmp_path / "map.yaml")


def test_a_missing_map_is_told_its_neighbour(tmp_path):
    (tmp_path / "depot.yaml").touch()
    with pytest.raises(MalformedInput, match=r"dept.yaml: there is no such file; did you mean 'depot.yaml'\?"):
        read_ros_map(tmp_path / "dept.yaml")
    with pytest.raises(MalformedInput, match="cannot be read"):
        read_ros_map(tmp_path)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"P5\n3 2\n255\n\0\0\0\0\0", "cut short: 5 bytes .* need 6"),
        (b"P5\n3 2\n65535\n" + bytes(11), "cut short: 11 bytes .* need 12"),
        (b"P5\n3 2\n70000\n" + bytes(12), "a.pgm:3: maxval is 70000"),
        (b"P5\n3 2\n0\n" + bytes(6), "a.pgm:3: maxval is '0'"),
        (b"P5\n3\n", "a.pgm:2: the file ends where its height should stand"),
        (b"P5\n# size\n3 x\n255\n", "a.pgm:3: height is 'x'"),
        (b"P5\n3 -2\n255\n", "a.pgm:2: height is '-2'"),
        (b"P5\n2 1\n15\n\x00\x10", "a pixel is 16, .* largest value is 15"),
        (b"P2\n3 2\n255\n1 2 3\n4 5\n", "holds 5 pixels, but 3 x 2 need 6"),
        (b"P2\n3 2\n255\n", "holds 0 pixels"),
        (b"P2\n3 2\n255\n1 2 3\n4 5 6 7\n", "holds 7 pixels"),
        (b"P2\n3 2\n255\n1 2 3\n4 five 6\n", "a.pgm:5: pixel is 'five'"),
        (b"P2\n2 1\n255\n1 2.5\n", "a.pgm:4: pixel is '2.5'"),
        (b"P6\n1 1\n255\n...", "begins with b'P6'"),
        (b"", "begins with b''"),
    ],
)
def test_a_broken_graymap_is_told_what_is_wrong(tmp_path, contents, message):
    (tmp_path / "a.pgm").write_bytes(contents)
    with pytest.raises(MalformedInput, match=message):
        read_pgm(tmp_path / "a.pgm")


def test_a_broken_png_is_refused(ros, tmp_path):
    path = ros(np.zeros((64, 64), np.uint8), image="map.png")
    whole = (tmp_path / "map.png").read_bytes()
    for contents in (whole[: len(whole) - 30], whole[:20], b"no image", b""):
        (tmp_path / "map.png").write_bytes(contents)
        with pytest.raises(MalformedInput, match=r"map.png: is no image that can be read"):
            read_ros_map(path)


def test_what_cannot_be_written_is_refused(tmp_path):
    grid = OccupancyGrid([[0.5]])
    with pytest.raises(MalformedInput, match="did you mean 'raw'"):
        write_ros_map(grid, tmp_path / "map.yaml", mode="row")
    with pytest.raises(MalformedInput, match="transparency"):
        write_ros_map(grid, tmp_path / "map.yaml", mode="scale", image="map.pgm")
    with pytest.raises(MalformedInput, match=r"must be \.png"):
        write_ros_map(grid, tmp_path / "map.yaml", image="map.jpg")
    with pytest.raises(MalformedInput, match="outside a map of 2 rows"):
        write_movingai_problems([GridProblem(0, "a", (2, 0), (0, 0), 1.0)], tmp_path / "a.scen", (2, 2))
    with pytest.raises(MalformedInput, match="maxval"):
        write_pgm(np.array([[300]]), tmp_path / "a.pgm")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("type octile\nheight 2\n", "a.map:2: the file ends within its header"),
        ("type hex\nheight 1\nwidth 1\nmap\n.\n", "a.map:1: found 'type hex', .* 'type octile'"),
        ("type octile\nheight two\nwidth 1\nmap\n.\n", "a.map:2: height is 'two'"),
        ("type octile\nheight 0\nwidth 1\nmap\n", "a.map:2: height is '0'"),
        ("type octile\nwidth 1\nheight 1\nmap\n.\n", "a.map:2: found 'width 1', .* 'height' and a whole number"),
        ("type octile\nheight 1\nwidth 1\nmop\n.\n", "a.map:4: found 'mop'"),
        ("type octile\nheight 2\nwidth 3\nmap\n...\n..\n", "a.map:6: the row has 2 cells, .* width 3"),
        ("type octile\nheight 2\nwidth 3\nmap\n...\n....\n", "a.map:6: the row has 4 cells"),
        ("type octile\nheight 3\nwidth 3\nmap\n...\n...\n", "a.map:6: the file ends after 2 rows, .* height 3"),
        ("type octile\nheight 1\nwidth 3\nmap\n...\n...\n", "a.map:6: a row follows the map's last"),
        ("type octile\nheight 1\nwidth 3\nmap\n.x.\n", "a.map:5: cell 2 is 'x'"),
    ],
)
def test_a_broken_movingai_map_is_told_its_line(tmp_path, text, message):
    (tmp_path / "a.map").write_text(text)
    with pytest.raises(MalformedInput, match=message):
        read_movingai_map(tmp_path / "a.map")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.scen:1: found ''"),
        ("version 2\n", "a.scen:1: found 'version 2'"),
        ("version 1\n0\tm\t9\t6\t1\t5\t8\t0\n", "a.scen:2: found 8 columns, .* bucket, map, width"),
        ("version 1\n\n0 m 9 6 1 five 8 0 3\n", "a.scen:3: start y is 'five'"),
        ("version 1\n0 m 9 6 1 6 8 0 3\n", r"a.scen:2: start is \(1, 6\), but the map has 9 x 6 cells"),
        ("version 1\n0 m 9 6 1 5 9 0 3\n", r"a.scen:2: goal is \(9, 0\)"),
        ("version 1\n0 m 9 6 1 5 8 0 nan\n", "a.scen:2: optimal length is 'nan'"),
        ("version 1\n0 m 9 6 1 5 8 0 far\n", "a.scen:2: optimal length is 'far'"),
    ],
)
def test_broken_movingai_problems_are_told_their_line(tmp_path, text, message):
    (tmp_path / "a.scen").write_text(text)
    with pytest.raises(MalformedInput, match=message):
        read_movingai_problems(tmp_path / "a.scen")
