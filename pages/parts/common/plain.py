"""Names that people or strangers gave, shown as they are: Streamlit reads Markdown in nearly every text it draws."""

import re

# Everything that opens something in Markdown, GitHub's additions, Streamlit's :icons: and :colours[], and formulas; a
# low line only where it is not inside a word, and a sign at the beginning only where it makes a heading or a list.
_SIGNS = re.compile(
    r"[\\`*\[\]<>~$|&@]|(?<![^\W_])_|_(?![^\W_])|:(?=[\w/+])|(?<=\bwww)\.|^[#+=-]",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^(\d+)([.)])(?=\s|$)")


def plain(text: object) -> str:
    """Markdown that shows `text` as it is, on one line: no picture is fetched for it, nothing in it is a link.

    >>> print(plain("![face](http://example.org/x.png) 2_3 *a*"))
    !\\[face\\](http\\://example.org/x.png) 2_3 \\*a\\*
    """
    one_line = _SIGNS.sub(r"\\\g<0>", " ".join(str(text).split()))
    return _NUMBER.sub(r"\1\\\2", one_line)
