"""ferdash: a local workbench for facial emotion recognition. This package is the core; it never imports streamlit."""

import os

# PyTorch's threads wait for work by spinning, for milliseconds after each layer. Whatever else computes meanwhile
# (decoding, detecting, a second run) lacks those cores; a thousand turns cost a network that is alone nothing that can
# be measured, and analyse a video a fifth faster. To be set before PyTorch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

__version__ = "0.1.0"
