"""What is said of an analysis on cards and in reports."""

from ferdash.analyses.jobs import create_sequence_analysis, create_video_analysis
from ferdash.analyses.store import open_analysis
from ferdash.exports.facts import facts_of, glance_of, length_of
from ferdash.video.analysis import AnalysisSettings


def test_a_video_in_words(analysed, tmp_path):
    facts = facts_of(analysed())
    assert facts["Source"] == "clip.mp4"
    assert facts["Length"] == "4.0 s"
    assert facts["Picture"] == "320 x 240 pixels, 25.00 frames a second"
    assert (facts["Model"], facts["Faces found by"]) == ("FerNet", "CenterFace")
    assert facts["Made"].endswith("UTC")
    assert "Analysed" not in facts
    settings = AnalysisSettings(stride=2, start_s=1.0, end_s=3.0)
    part = create_video_analysis(tmp_path / "analyses", tmp_path / "clip.mp4", settings, model="m")
    assert facts_of(part)["Analysed"] == "every 2nd frame, from 1 s to 3 s"


def test_photos_in_words(tmp_path):
    photos = [("a.png", b"1"), ("b.png", b"2"), ("c.png", b"3")]
    analysis = create_sequence_analysis(tmp_path, photos, AnalysisSettings(), model="m", interval_s=2.0)
    assert length_of(analysis.info) == "3 photos"
    assert "Picture" not in facts_of(analysis)


def test_a_glance_names_the_likeliest_emotion(analysed, tmp_path):
    glance = glance_of(analysed())
    assert (glance.people, glance.dominant) == (1, "happy")
    assert round(99 * glance.share) == 50
    empty = create_video_analysis(tmp_path / "analyses", tmp_path / "clip.mp4", AnalysisSettings(), model="m")
    assert glance_of(empty).dominant is None


def test_a_damaged_analysis_still_has_facts(analysed):
    analysis = analysed()
    (analysis.folder / "status.json").write_text("{")
    facts = facts_of(open_analysis(analysis.folder.parent, analysis.id))
    assert facts["Source"] == "clip.mp4"
