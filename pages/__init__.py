"""The app's pages, and the modules they share.

Until st.navigation has been called once, Streamlit takes every file of a folder called pages/ for a page of its own and
runs the one that a visitor's address names without the frame around it. The first visitor after a start may well
follow a link to a page, so the first import here switches that off and has the script run again, through the frame.
Pages import this package before ferdash, which takes a second, so that nobody sees the bare list of files meanwhile.
"""

from pages.parts.common.compat import take_no_file_for_a_page

take_no_file_for_a_page()

PAGES = {
    "overview": ("Overview", ":material/home:"),
    "dataset": ("Dataset", ":material/photo_library:"),
    "experiments": ("Experiments", ":material/experiment:"),
    "train": ("Train", ":material/model_training:"),
    "predict": ("Predict", ":material/familiar_face_and_zone:"),
    "video": ("Video", ":material/movie:"),
    "live": ("Live", ":material/videocam:"),
}
"""File in pages/ -> its name and icon in the navigation, in order."""
