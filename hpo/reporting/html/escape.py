"""Escaping for places that templates do not cover: Plotly labels, scripts, the page's policy."""

from __future__ import annotations

import base64
import hashlib
import html

from markupsafe import Markup


def label(text: str, max_length: int = 80) -> str:
    """Escape a text for a Plotly label, where Plotly would interpret tags and entities.

    Args:
        text: Any text.
        max_length: The number of characters to keep.

    Returns:
        The text on one line, with ``&``, ``<`` and ``>`` as entities.
    """
    line = " ".join(text.split())
    shortened = line if len(line) <= max_length else line[: max_length - 1] + "…"
    return html.escape(shortened, quote=False)


def json_block(text: str) -> Markup:
    """Escape JSON so that it cannot break out of a ``<script type="application/json">``.

    Args:
        text: Valid JSON.

    Returns:
        The same JSON with ``<``, ``>``, ``&`` and JavaScript's line separators as escapes.
    """
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  (no character that HTML interprets is left)


def script_hash(script: str) -> str:
    """The source expression that allows exactly this inline script in a content policy."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
