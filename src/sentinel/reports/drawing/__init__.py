"""Drawings as SVG: charts, strips of states and small lines. One drawing serves a page, a report, a PDF and a mail.

Colours are attributes, for whoever knows no styles, such as the maker of pictures for mails; each shape has a class beside,
by which the style of a page can give it another colour, light or dark. Every drawing says in words what it shows.
"""

from sentinel.reports.drawing.charts import chart, chart_in_words, thinned
from sentinel.reports.drawing.palette import DARK, LIGHT, Palette
from sentinel.reports.drawing.small import spark_in_words, sparkline, strip, strip_in_words

__all__ = [
    "DARK",
    "LIGHT",
    "Palette",
    "chart",
    "chart_in_words",
    "spark_in_words",
    "sparkline",
    "strip",
    "strip_in_words",
    "thinned",
]
