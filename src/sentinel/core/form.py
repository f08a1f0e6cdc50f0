"""In which forms a report is written."""

from enum import StrEnum


class Form(StrEnum):
    """A form that a report is written in."""

    HTML = "html"
    PDF = "pdf"
    JSON = "json"
    CSV = "csv"  # a file for each table
    MARKDOWN = "markdown"  # for issues, wikis and chats
