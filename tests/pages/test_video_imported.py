"""What other programs made, on the Video page: said to be imported, and shown with what it has."""

import pytest

from ferdash.analyses.importing import import_file

pytestmark = pytest.mark.usefixtures("fernet")


@pytest.fixture
def openface(tmp_path, data):
    rows = "".join(f"{n},0,{n / 25:.2f},0.98,1,0.1,{n % 5}\n" for n in range(1, 41))
    path = tmp_path / "of.csv"
    path.write_text("frame,face_id,timestamp,confidence,success,AU01_r,AU12_r\n" + rows, encoding="utf-8")
    return import_file(data / "analyses", path)


def said(app) -> str:
    return "\n".join(element.value for element in [*app.markdown, *app.caption, *app.info, *app.warning, *app.error])


def test_an_imported_table_says_what_it_is_and_lacks(visit, openface):
    app = visit("video")
    assert "imported from OpenFace" in said(app)
    app.query_params["video-analysis"] = openface.id
    app.run()
    assert not app.exception
    assert "imported from OpenFace: of.csv (sha256" in said(app)
    assert "names no emotion" in said(app)
    assert "the imported file has no emotion here" in said(app)
    # What moves is shown first.
    assert app.multiselect(key="video-units").value == ["AU12_r", "AU01_r"]
