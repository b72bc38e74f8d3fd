"""Files in the layouts that other programs document, as analyses: what is read, what is said to be missing."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from ferdash.analyses.importing import action_units, import_coding, import_file, read_file
from ferdash.analyses.store import list_analyses
from ferdash.emotions import EMOTIONS
from ferdash.errors import AnalysisError
from ferdash.exports.files import document, read_results, text_of
from ferdash.video.sample import write_sample

OPENFACE = "frame, face_id, timestamp, confidence, success, AU01_r, AU12_r, AU12_c\n"
PYFEAT = (
    "frame,FaceRectX,FaceRectY,FaceRectWidth,FaceRectHeight,FaceScore,AU01,"
    "anger,disgust,fear,happiness,sadness,surprise,neutral,input\n"
)


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_openface_has_people_and_units_and_no_emotion(tmp_path):
    rows = ["1, 0, 0.000, 0.98, 1, 0.10, 1.50, 1", "1, 1, 0.000, 0.91, 1, 0.00, 0.20, 0"]
    rows += ["2, 0, 0.040, 0.20, 0, 0, 0, 0", "3, 0, 0.080, 0.97, 1, 0.30, 2.50, 1"]
    path = written(tmp_path / "of.csv", OPENFACE + "\n".join(rows) + "\n")
    analysis = import_file(tmp_path / "root", path)
    frames = analysis.frames()
    assert frames["frame"].tolist() == [0, 0, 1, 2]
    assert frames["timestamp_s"].tolist() == pytest.approx([0, 0, 0.04, 0.08])
    assert frames["track"].fillna(0).tolist() == [1, 2, 0, 1]
    assert frames[list(EMOTIONS)].isna().all(axis=None)
    assert frames["reason"].tolist() == ["no_emotions", "no_emotions", "no_face", "no_emotions"]
    assert "names no emotion" in analysis.info["note"]
    assert action_units(analysis)["AU12_r"].tolist() == [1.5, 0.2, 0, 2.5]
    assert analysis.record["video"]["fps"] == pytest.approx(25)


def test_the_origin_is_kept_and_every_export_says_it(tmp_path):
    path = written(tmp_path / "of.csv", OPENFACE + "1,0,0.0,0.98,1,0.1,1.5,1\n2,0,0.04,0.98,1,0.1,1.5,1\n")
    results = read_results(import_file(tmp_path / "root", path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert document(results)["analysis"]["origin"]["sha256"] == digest
    assert (results.analysis.folder / "imported" / "of.csv").read_bytes() == path.read_bytes()
    for name in ("frames.csv", "report.html", "segments.vtt"):
        assert f"imported from OpenFace: of.csv (sha256 {digest[:12]}…)" in text_of(results, name), name


def test_landmarks_make_a_box(tmp_path):
    head = "frame,face_id,timestamp,confidence,success," + ",".join(f"{axis}_{n}" for axis in "xy" for n in range(68))
    values = [str(100 + n) for n in range(68)] + [str(50 + 2 * n) for n in range(68)]
    path = written(tmp_path / "of.csv", f"{head}\n1,0,0.0,0.9,1,{','.join(values)}\n")
    frames = import_file(tmp_path / "root", path).frames()
    assert frames.loc[0, ["x0", "y0", "x1", "y1"]].tolist() == [100, 50, 167, 184]


def test_pyfeat_maps_its_seven_names_and_follows_faces(tmp_path):
    rows = ["0,10,20,30,40,0.9,0.5,0.1,0.0,0.0,0.7,0.05,0.05,0.1,a.mp4", "0,200,20,30,40,0.9,0.5,0.8,0,0,0.1,0,0,0.1,a"]
    # The two faces have changed places in the file, not in the picture.
    rows += ["1,202,20,30,40,0.9,0.5,0.8,0,0,0.1,0,0,0.1,a.mp4", "1,11,21,30,40,0.9,0.5,0,0,0,1,0,0,0,a.mp4"]
    rows += ["2,,,,,,,,,,,,,,a.mp4"]
    path = written(tmp_path / "fex.csv", PYFEAT + "\n".join(rows) + "\n")
    frames = import_file(tmp_path / "root", path, fps=10).frames()
    assert frames["track"].fillna(0).tolist() == [1, 2, 1, 2, 0]
    assert frames.loc[0, ["x0", "y0", "x1", "y1"]].tolist() == [10, 20, 40, 60]
    first = dict(zip(EMOTIONS, frames.loc[0, list(EMOTIONS)].tolist(), strict=True))
    wanted = {"angry": 0.1, "disgust": 0, "fear": 0, "happy": 0.7, "neutral": 0.1, "sad": 0.05, "surprise": 0.05}
    assert first == pytest.approx(wanted)
    assert frames["timestamp_s"].tolist() == pytest.approx([0, 0, 0.1, 0.1, 0.2])
    assert frames["reason"].tolist() == ["", "", "", "", "no_face"]


def test_pyfeat_without_times_asks_for_them_and_odd_rows_are_named(tmp_path):
    good = PYFEAT + "0,1,2,3,4,0.9,0.5,0.1,0,0,0.7,0.1,0,0.1,a\n"
    with pytest.raises(AnalysisError, match="--fps"):
        import_file(tmp_path / "root", written(tmp_path / "fex.csv", good))
    bad = written(tmp_path / "bad.csv", good + "1,1,2,3,4,0.9,0.5,1,1,1,0,0,0,0,a\n")
    with pytest.raises(AnalysisError, match=r"line 3: the seven emotions add up to 3\.000"):
        import_file(tmp_path / "root", bad, fps=25)
    odd = written(tmp_path / "odd.csv", good.replace("0,1,2,3,4", "0,left,2,3,4"))
    with pytest.raises(AnalysisError, match="line 2: FaceRectX is “left”"):
        import_file(tmp_path / "root", odd, fps=25)
    assert not list_analyses(tmp_path / "root")


def test_libreface_labels_are_labels_and_contempt_is_left_out(tmp_path):
    rows = ["0,0,Happiness,1,2.5", "1,40,Neutral,0,0.0", "2,80,Contempt,0,0.0", "3,120,,0,0.0"]
    text = "frame_idx,frame_time_in_ms,facial_expression,au_12,au_12_intensity\n" + "\n".join(rows) + "\n"
    analysis = import_file(tmp_path / "root", written(tmp_path / "lf.csv", text))
    frames = analysis.frames()
    assert frames["happy"].fillna(-1).tolist() == [1, 0, -1, -1]
    assert frames["reason"].tolist() == ["", "", "other_label", "no_emotions"]
    assert frames["timestamp_s"].tolist() == pytest.approx([0, 0.04, 0.08, 0.12])
    assert analysis.record["origin"]["values"] == "labels"
    assert "no probability" in analysis.info["note"]
    assert "Contempt in 1 frame" in analysis.info["note"]
    assert action_units(analysis)["au_12_intensity"].tolist() == [2.5, 0, 0, 0]


def test_our_own_openface_table_comes_back_with_its_emotions(tmp_path, made_analysis):
    from ferdash.exports.lab import openface

    before = made_analysis(tmp_path / "root").frames()
    path = tmp_path / "openface.csv"
    openface(before).to_csv(path, index=False)
    after = read_file(path)
    assert after.values == "probabilities"
    both = before[list(EMOTIONS)].to_numpy(), after.frames[list(EMOTIONS)].to_numpy()
    assert np.nanmax(np.abs(both[0] - both[1])) < 1e-5
    assert (before["track"].fillna(0) == after.frames["track"].fillna(0)).all()


def test_a_video_gives_pictures_and_a_longer_table_is_refused(tmp_path):
    video = write_sample(tmp_path / "sample.mp4", seconds=1.0)
    rows = "".join(f"{n},40,30,60,60,0.9,0.5,0,0,0,1,0,0,0,a\n" for n in range(10))
    path = written(tmp_path / "fex.csv", PYFEAT + rows)
    analysis = import_file(tmp_path / "root", path, video=video, name="theirs")
    assert (analysis.name, analysis.kind, analysis.state) == ("theirs", "imported", "done")
    assert analysis.image(3).ndim == 3
    assert analysis.thumbnail(1) is not None
    late = written(tmp_path / "late.csv", PYFEAT + rows.replace("9,40", "99999,40"))
    with pytest.raises(AnalysisError, match="another video"):
        import_file(tmp_path / "root", late, video=video)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "has the columns a, b"),
        ("", "no table"),
        (OPENFACE, "has no row"),
        (
            f"frame,timestamp,confidence,success,y0,x1,y1,{','.join(f'emotion_{one}' for one in EMOTIONS)}\n"
            "1,0,1,1,2,3,4,1,0,0,0,0,0,0\n",
            "has no column “x0”",
        ),
        ("frame,frame ,timestamp,confidence,success\n1,1,0,1,1\n", "the column “frame” twice"),
    ],
)
def test_what_is_none_of_them_is_refused(tmp_path, text, words):
    with pytest.raises(AnalysisError, match=words):
        read_file(written(tmp_path / "x.csv", text))


def test_fields_may_be_parted_by_semicolons(tmp_path):
    table = pd.DataFrame({"frame": [1, 2], "timestamp": [0, 0.1], "confidence": 0.9, "success": 1})
    table.to_csv(tmp_path / "of.csv", sep=";", index=False)
    assert len(read_file(tmp_path / "of.csv").frames) == 2


def test_a_coding_goes_into_an_analysis_or_becomes_one(tmp_path, made_analysis):
    from ferdash.analyses.codings import read_codings

    head = "Observation id\tSubject\tBehavior\tBehavior type\tStart (s)\tStop (s)\n"
    row = "Anna\tPerson 1\tHappiness\tSTATE\t0.5\t2.0\n"
    path = written(tmp_path / "b.tsv", head + row + "Anna\tPerson 1\tlooks away\tSTATE\t2.0\t2.5\n")
    analysis = made_analysis(tmp_path / "root")
    read = import_coding(analysis, path)
    (coding,) = read_codings(analysis)
    assert (coding.coder, coding.origin["tool"]) == ("Anna", "BORIS")
    assert [(one.start_s, one.end_s, one.emotion, one.track) for one in coding.segments] == [(0.5, 2.0, "happy", 1)]
    assert "looks away" in " ".join(read.notes)
    own = import_file(tmp_path / "root", path)
    assert len(own.frames()) == 50
    assert set(own.frames()["reason"]) == {"no_emotions"}
    assert read_codings(own)[0].segments == coding.segments
    late = written(tmp_path / "late.tsv", head + row.replace("2.0", "400"))
    with pytest.raises(AnalysisError, match="another video"):
        import_coding(analysis, late)


def test_the_command_line_imports(tmp_path, monkeypatch, capsys):
    from ferdash.cli.main import app

    monkeypatch.setenv("FERDASH_DATA", str(tmp_path / "data"))
    path = written(tmp_path / "of.csv", OPENFACE + "1,0,0.0,0.98,1,0.1,1.5,1\n")
    app(["analyses", "import", str(path), "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["origin"]["tool"] == "OpenFace"
