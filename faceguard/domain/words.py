"""Text as it is compared when people search for it."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """For searching: lower case, without accents, so that ``tomas`` finds Tomás."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))
