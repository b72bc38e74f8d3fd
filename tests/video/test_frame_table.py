import io

import numpy as np
import pandas as pd

from ferdash.emotions import EMOTIONS
from ferdash.inference.face_facts import FaceFacts
from ferdash.video.frame_table import COLUMNS, REASONS, boxes_of, empty_row, face_row, frames_table, probabilities_of


def table() -> pd.DataFrame:
    values = np.arange(1, 8) / 28
    return frames_table(
        [
            face_row(0, 0.0, 1, (1.5, 2.0, 3.0, 4.0), detected=True, confidence=0.9, probabilities=values),
            face_row(0, 0.0, 2, (5.0, 6.0, 7.0, 8.0), detected=False, confidence=0.8, reason="blurred"),
            empty_row(1, 0.04, "no_face"),
        ]
    )


def test_the_table_has_exactly_its_columns_and_types():
    for frame in (table(), frames_table([])):
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == COLUMNS


def test_what_is_missing_is_missing():
    frame = table()
    assert frame["track"].tolist()[:2] == [1, 2]
    assert frame["track"].isna().tolist() == [False, False, True]
    assert frame[list(EMOTIONS)].isna().all(axis=1).tolist() == [False, True, True]
    assert frame["x0"].isna().tolist() == [False, False, True]
    assert frame["reason"].tolist() == ["", "blurred", "no_face"]
    assert set(frame["reason"]) - {""} <= set(REASONS)


def test_arrays_of_the_table():
    np.testing.assert_allclose(probabilities_of(table())[0], np.arange(1, 8) / 28, rtol=1e-6)
    np.testing.assert_allclose(boxes_of(table())[0], [1.5, 2, 3, 4])
    assert probabilities_of(frames_table([])).shape == (0, 7)


def test_parquet_gives_the_same_table_back():
    buffer = io.BytesIO()
    table().to_parquet(buffer, index=False)
    pd.testing.assert_frame_equal(pd.read_parquet(buffer).astype(COLUMNS), table())


def test_a_face_has_its_measures_and_unknown_angles_stay_empty():
    facts = FaceFacts(100.0, None, None, 900.0, 120.0, 50.0, 0.9)
    frame = frames_table([face_row(0, 0.0, 1, (0, 0, 9, 9), detected=True, confidence=0.9, facts=facts)])
    assert frame[["sharpness", "brightness"]].iloc[0].tolist() == [900, 120]
    assert frame[["roll_deg", "yaw_deg"]].isna().all(axis=None)
