"""The forms of a report: page, PDF, tables, mail and text, all laid out from one document, and their files."""
