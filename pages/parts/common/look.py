"""What the theme leaves hard to read or without words, mended for every page."""

import streamlit as st

# Streamlit writes captions, labels of charts and hints at 60% of the text's colour: 4.1 : 1 on our light page, under
# the 4.5 : 1 that small text needs (WCAG 2.2, 1.4.3). `currentColor` and `inherit` follow both themes. Above a page it
# leaves 96 pixels, of which its own bar takes 60.
STYLE = """<style>
:is([data-testid="stCaptionContainer"], [data-testid="stWidgetLabel"][disabled]) { color: inherit; opacity: .8; }
.js-plotly-plot :is(.xtick, .ytick, .legend, .g-xtitle, .g-ytitle) text { fill: currentColor !important; opacity: .85; }
[data-testid="stMainBlockContainer"] { padding-top: 3.75rem; }
@media (max-width: 640px) {
  /* A table's tools stand above it, where on a phone the button before it is. */
  [data-testid="stDataFrame"] [data-testid="stElementToolbar"] { top: 0; }
}
%s</style>"""

# White on the dark theme's light primary colour is 2.8 : 1.
DARK = '[data-testid="stBaseButton-primary"]:not(:disabled) { color: #16171C; }\n'


def draw() -> None:
    """Apply it to the page that is drawn."""
    st.html(STYLE % (DARK if st.context.theme.type == "dark" else ""))
