"""Every finding that reading a text can produce: code -> (severity, what it means, how to mend it).

The reference page of findings is generated from this table, so a code never changes its meaning.
"""

from __future__ import annotations

from typing import Final

from actionry.findings import Severity

FINDING_CODES: Final[dict[str, tuple[Severity, str, str]]] = {
    "SYNTAX-ENCODING": (
        "warning",
        "The text is not UTF-8; it was read as the encoding that its bytes suggest.",
        "Save the file as UTF-8.",
    ),
    "SYNTAX-BOM": (
        "info",
        "The text starts with a byte order mark, or is UTF-16 or UTF-32; some readers fail on it.",
        "Save the file as UTF-8 without BOM.",
    ),
    "SYNTAX-CODE-FENCE": (
        "warning",
        "The document stands inside a Markdown code fence (```); what is around it was left out.",
        "Remove the fence and the text around it.",
    ),
    "SYNTAX-CONTROL-CHARACTER": (
        "warning",
        "The text holds control characters that neither JSON nor YAML allows; they were kept as they are.",
        "Remove the character.",
    ),
    "JSON-TRAILING-COMMA": (
        "warning",
        "A comma stands before a closing bracket, or two commas stand together; JSON allows neither.",
        "Remove the comma.",
    ),
    "JSON-MISSING-COMMA": (
        "warning",
        "Two members or items stand together without a comma between them.",
        "Add the comma.",
    ),
    "JSON-QUOTES": (
        "warning",
        "Text is quoted with typographic or single quotes; JSON knows the straight double quote alone.",
        'Use straight double quotes (").',
    ),
    "JSON-UNQUOTED-KEY": ("warning", "A key has no quotes.", "Put the key into double quotes."),
    "JSON-COMMENT": (
        "warning",
        "JSON has no comments; the comment was left out.",
        "Remove the comment, or write YAML, which has them (#).",
    ),
    "JSON-RAW-CONTROL": (
        "warning",
        "A line break, tab or other control character stands unescaped inside a string.",
        "Write \\n, \\t or \\u00XX instead.",
    ),
    "JSON-ESCAPE": (
        "warning",
        "A backslash in a string is followed by something that JSON does not know.",
        "Double the backslash (\\\\) or write a known escape.",
    ),
    "JSON-LONE-SURROGATE": (
        "warning",
        "Half of a surrogate pair (\\ud800 to \\udfff) stands alone; it was read as U+FFFD.",
        "Write the character itself or both halves.",
    ),
    "JSON-LITERAL": (
        "warning",
        "A word or number is written in a way that JSON does not know (True, None, NaN, +1, .5, 0x1F, 007).",
        "Write true, false, null or a plain decimal number.",
    ),
    "JSON-SPACE": (
        "warning",
        "A space other than blank, tab or line break stands between tokens.",
        "Replace it with an ordinary space.",
    ),
    "JSON-AFTER-END": (
        "warning",
        "Something harmless follows the end of the document; it was left out.",
        "Remove what follows the last closing bracket.",
    ),
    "JSON-READ-AS-YAML": (
        "warning",
        "The text looks like JSON but is none; as YAML it has a meaning, and so it was read.",
        "Mend the JSON.",
    ),
    "SYNTAX-DUPLICATE-KEY": (
        "warning",
        "The same key stands twice in one mapping; only the last one counts.",
        "Rename or remove one of them.",
    ),
    "YAML-KEY-NOT-TEXT": (
        "info",
        "A key is not text but a number, true, null or a structure; it was read as it is written.",
        "Put the key into quotes.",
    ),
    "YAML-NOT-A-NUMBER": (
        "warning",
        "The value is infinite or not a number, which JSON cannot carry; it was kept as text.",
        "Use a finite number, or put the value into quotes.",
    ),
    "YAML-PLACEHOLDER": (
        "warning",
        "An unquoted template placeholder ({{name}}) stands where a value is expected; it was read as text.",
        "Fill the placeholder in, or put it into quotes.",
    ),
    "YAML-TAG": (
        "warning",
        "A tag (!name) has no meaning here; the value was read without it.",
        "Remove the tag.",
    ),
    "YAML-SEVERAL-DOCUMENTS": (
        "warning",
        "The text holds several YAML documents; only the first is used.",
        "Keep one document per file.",
    ),
    "YAML-TAB": (
        "warning",
        "A tab is used where YAML wants spaces; it was read as spaces.",
        "Replace the tab with spaces.",
    ),
    "YAML-UNQUOTED": (
        "warning",
        "Text starts with a character that YAML reserves (@, `, %, or * as in */*); it was read as quoted.",
        "Put the text into quotes.",
    ),
    "YAML-SURROGATE-PAIR": (
        "info",
        "A character is written as JSON's pair of escapes (\\ud83d\\ude00), which YAML does not know.",
        "Write the character itself.",
    ),
    "YAML-MERGE-KEY": (
        "warning",
        "A merge key (<<) does not hold a mapping; it was kept as an ordinary key.",
        "Let << hold a mapping or a list of mappings.",
    ),
}
"""Code -> (severity, meaning, mend)."""
