"""Sequence labels: frames, their labels and attributes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.formats.parsing import BadFile
from tests.formats.parsed import Row, sequence

BOX = {"left": 1, "top": 2, "width": 3, "height": 4}


def frames(*found: dict[str, Any], of: str = "tracking-annotations") -> dict[str, list[Row]]:
    return sequence(json.dumps({of: found}).encode())


def items(name: str, *found: dict[str, Any]) -> list[Row]:
    return frames({"frame-no": 0, name: found})["annotations"]


@pytest.mark.parametrize("number", [0, "0", 7, "7", "007", 2**31 - 1, str(2**31 - 1)])
def test_frame_number_as_text_and_as_number(number: Any) -> None:
    [frame] = frames({"frame-no": number})["frames"]
    assert frame == {"object_index": 0, "frame_index": int(number), "annotation_count": 0}


@pytest.mark.parametrize("number", [-1, "-1", 2**31, str(2**31), 2**63, "", " 1", "1.0", 1.0, True, None, "1" * 30])
def test_frame_number_that_is_none_is_refused(number: Any) -> None:
    with pytest.raises(BadFile, match="frame 0 of the list: "):
        frames({"frame-no": number})


def test_a_frame_that_stands_twice_is_refused_however_it_is_written() -> None:
    with pytest.raises(BadFile, match="duplicate frame-no 3"):
        frames({"frame-no": "3"}, {"frame-no": 4}, {"frame-no": 3})


@pytest.mark.parametrize(
    ("vertices", "area"),
    [
        ([(0, 0), (4, 0), (4, 3)], 6.0),
        ([(0, 0), (4, 3), (4, 0)], 6.0),
        ([(0, 0), (2, 0), (2, 2), (0, 2)], 4.0),
        ([(-1, -1), (1, -1), (1, 1), (-1, 1)], 4.0),
        ([(0, 0), (4, 0)], 0.0),
        ([(5, 5)], 0.0),
    ],
)
def test_area_of_a_polygon(vertices: list[tuple[float, float]], area: float) -> None:
    """Whichever way round it is drawn, and wherever it lies."""
    [row] = items("polygons", {"vertices": [{"x": x, "y": y} for x, y in vertices]})
    assert (row["area"], row["vertex_count"]) == (area, len(vertices))


def test_only_boxes_and_polygons_have_an_area() -> None:
    line = {"vertices": [{"x": 0, "y": 0}, {"x": 4, "y": 0}, {"x": 4, "y": 3}]}
    rows = frames(
        {"frame-no": 0, "annotations": [BOX], "polygons": [line], "polylines": [line], "keypoints": [{"x": 1, "y": 2}]}
    )
    assert [(row["shape"], row.get("area")) for row in rows["annotations"]] == [
        ("box", 12.0),
        ("polygon", 6.0),
        ("polyline", None),
        ("keypoint", None),
    ]
    assert [row["annotation_index"] for row in rows["annotations"]] == [0, 1, 2, 3]
    assert [row["annotation_count"] for row in rows["frames"]] == [4]


@pytest.mark.parametrize(
    ("item", "label", "class_id"),
    [
        ({"label": "Car", "object-name": "Van:1", "class-id": "0"}, "Car", "0"),
        ({"label": "", "object-name": "Van:1", "class-id": 0}, "", "0"),
        ({"object-name": "Van:1", "class-id": "0"}, "Van", "0"),
        ({"object-name": "Van:red:1", "class-id": "0"}, "Van:red", "0"),
        ({"object-name": "Van", "class-id": "0"}, "0", "0"),
        ({"object-name": "", "class-id": 7}, "7", "7"),
        ({"class-id": None}, None, None),
    ],
    ids=json.dumps,
)
def test_label_of_an_item(item: dict[str, Any], label: str | None, class_id: str | None) -> None:
    [row] = items("annotations", {**BOX, **item})
    assert (row.get("label"), row.get("class_id")) == (label, class_id)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("red", "red"),
        ("", ""),
        ("1.0", "1.0"),
        (1.5, "1.5"),
        (3, "3"),
        (10**30, str(10**30)),
        (False, "false"),
        (None, None),
        ([], "[]"),
        ({"a": [1, "è"]}, '{"a":[1,"è"]}'),
    ],
    ids=repr,
)
def test_attribute_values_are_text(value: object, expected: str | None) -> None:
    """Of labels and of frames alike: text as it is, anything else as JSON."""
    rows = frames(
        {
            "frame-no": 0,
            "annotations": [{**BOX, "label-category-attributes": {"n": value}}],
            "frame-attributes": {"n": value},
        }
    )["annotation_attributes"]
    assert [(row["scope"], row.get("annotation_index"), row.get("attribute_value")) for row in rows] == [
        ("annotation", 0, expected),
        ("frame", None, expected),
    ]


def test_more_frames_than_are_handed_on_at_a_time() -> None:
    rows = frames(*({"frame-no": number, "annotations": [BOX]} for number in reversed(range(1_201))))
    assert [row["frame_index"] for row in rows["frames"]] == list(reversed(range(1_201)))
    assert len(rows["annotations"]) == 1_201


@pytest.mark.parametrize("of", ["tracking-annotations", "detection-annotations"])
def test_a_sequence_without_frames_tells_of_its_job_still(of: str) -> None:
    expected = {"tracking-annotations": "video-object-tracking", "detection-annotations": "video-object-detection"}[of]
    assert frames(of=of) == {"labeling_jobs": [{"task_type": expected}]}


@pytest.mark.parametrize("field", ["left", "top", "width", "height"])
@pytest.mark.parametrize("value", [1e200, -1e13, "1", True])
def test_a_coordinate_that_is_no_sensible_number_is_refused(field: str, value: object) -> None:
    """Else an area would be infinite, and every sum over it."""
    with pytest.raises(BadFile, match=rf"frame 0 of the list: .*`\$\.{field}`"):
        items("annotations", {**BOX, field: value})


@pytest.mark.parametrize("field", ["left", "top", "width", "height"])
def test_a_box_without_one_of_its_sides_is_refused(field: str) -> None:
    with pytest.raises(BadFile, match="a box lacks left, top, width or height"):
        items("annotations", {key: value for key, value in BOX.items() if key != field})


CUBOID: dict[str, Any] = dict.fromkeys(("center-x", "center-y", "center-z", "length", "width", "height"), 1)


def test_a_cuboid_is_told_from_a_box_by_its_center() -> None:
    rows = frames({"frame-no": 0, "annotations": [CUBOID, BOX]})
    assert [row["shape"] for row in rows["annotations"]] == ["cuboid", "box"]
    assert rows["labeling_jobs"] == [{"task_type": "point_cloud_object_tracking"}]


@pytest.mark.parametrize("yaw", [-3.25, 0, 1.5, 4])
def test_yaw_is_kept_as_written(yaw: float) -> None:
    """Ground Truth turned it round on 2022-09-02, and no label says when it was made."""
    [row] = items("annotations", {**CUBOID, "yaw": yaw})
    assert (row["yaw"], row.get("roll"), row.get("pitch")) == (yaw, None, None)


@pytest.mark.parametrize("field", CUBOID)
def test_a_cuboid_without_one_of_its_numbers_is_no_label(field: str) -> None:
    with pytest.raises(BadFile, match="frame 0 of the list: a "):
        items("annotations", {name: value for name, value in CUBOID.items() if name != field})


@pytest.mark.parametrize("number", [7, "7", "007"])
def test_frames_of_point_clouds(number: Any) -> None:
    rows = frames({"frame-number": number, "frame-name": "7.pcd"})
    assert rows["frames"] == [{"object_index": 0, "frame_index": 7, "frame_name": "7.pcd", "annotation_count": 0}]
    assert rows["labeling_jobs"] == [{"task_type": "point_cloud_object_tracking"}]


def linked(**sensors: Any) -> dict[str, list[Row]]:
    named = {name.replace("_", "-"): {"tracking-annotations": found} for name, found in sensors.items()}
    return sequence(json.dumps(named).encode())


def test_labels_of_linked_sensors_are_numbered_through_the_point_cloud_first() -> None:
    frame = {"frame-no": 0, "annotations": [BOX]}
    rows = linked(camera_10=[frame], camera_2=[frame], lidar=[{"frame-number": 0, "annotations": [CUBOID, CUBOID]}])
    assert [(row["annotation_index"], row["sensor"], row["shape"]) for row in rows["annotations"]] == [
        (0, "lidar", "cuboid"),
        (1, "lidar", "cuboid"),
        (2, "camera-2", "box"),
        (3, "camera-10", "box"),
    ]
    assert rows["frames"] == [{"object_index": 0, "frame_index": 0, "annotation_count": 4}]


@pytest.mark.parametrize("sensors", [{"lidar": []}, {"lidar": [], "camera_0": [{"frame-no": 0}]}, {"radar": []}])
def test_linked_sensors_are_of_a_point_cloud_whatever_they_saw(sensors: dict[str, Any]) -> None:
    assert linked(**sensors)["labeling_jobs"] == [{"task_type": "point_cloud_object_tracking"}]


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({}, "neither tracking-annotations"),
        ({"version": 1, "tracking-annotations": None}, "neither tracking-annotations"),
        ({"lidar": {}}, "lidar: neither tracking-annotations"),
        ({"lidar": None, "camera-0": {"tracking-annotations": []}}, "lidar: Expected `object`, got `null`"),
        ({"lidar": {"tracking-annotations": []}, "camera-0": []}, "camera-0: Expected `object`, got `array`"),
        ({"lidar": {"tracking-annotations": {}}}, r"lidar: Expected `array \| null`, got `object`"),
    ],
    ids=json.dumps,
)
def test_what_is_no_sequence_is_refused(document: dict[str, Any], error: str) -> None:
    """So is a file of several sensors of which one cannot be understood."""
    with pytest.raises(BadFile, match=f"^{error}"):
        sequence(json.dumps(document).encode())
