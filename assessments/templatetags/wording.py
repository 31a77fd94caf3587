"""Pieces of text, as the criteria pages make them, in HTML."""

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import mark_safe

register = template.Library()


@register.filter
def said(pieces, sources_url=""):
    """Pieces of ("text" | "fact" | "slot" | "source", words). Facts stand out; sources link to `sources_url`."""
    made = []
    for kind, words in pieces or ():
        if kind in ("fact", "slot"):
            made.append(format_html('<span class="named is-{}">{}</span>', kind, words))
        elif kind == "source":
            made.append(format_html('<a class="cite" href="{}#{}">{}</a>', sources_url, words, words))
        else:
            made.append(escape(words))
    return mark_safe("".join(made))  # each part is escaped above
