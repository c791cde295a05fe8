"""Making text harmless where it goes: into Plotly's labels, into a script, into a policy."""

from __future__ import annotations

import base64
import hashlib
import html

from markupsafe import Markup


def label(text: str, longest: int = 80) -> str:
    """A text for a Plotly label, which would otherwise read tags and entities in it.

    Args:
        text: Any text.
        longest: Characters after which it is cut short.

    Returns:
        The text with ``&``, ``<`` and ``>`` as entities, on one line.
    """
    flat = " ".join(text.split())
    cut = flat if len(flat) <= longest else flat[: longest - 1] + "…"
    return html.escape(cut, quote=False)


def json_block(text: str) -> Markup:
    """JSON for a ``<script type="application/json">``, which it cannot break out of.

    Args:
        text: Valid JSON.

    Returns:
        The same JSON without ``<``, ``>``, ``&`` and the line separators of JavaScript.
    """
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704  (nothing that HTML reads is left in it)


def script_hash(script: str) -> str:
    """The source expression that lets exactly this inline script run."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
