"""Classification: text and layout in, level and reasons out. Pure: no input or output of its own."""

from classification.decision import Classification, Reason, Unread, classify, classify_text
from classification.document import Box, Cell, Guess, Line, Page, Profile, Reread, Source, Text
from classification.header import CopyKind, DocType, Family, Header, HeaderWarning, Petition, Urgency, read_header
from classification.levels import Compartment, HandlingMark, Level
from classification.marks import Mark, MarkKind, find_handling, find_marks
from classification.text import fold, normalise, skeleton, syllables, tone_placement

__all__ = [
    "Box",
    "Cell",
    "Classification",
    "Compartment",
    "CopyKind",
    "DocType",
    "Family",
    "Guess",
    "HandlingMark",
    "Header",
    "HeaderWarning",
    "Level",
    "Line",
    "Mark",
    "MarkKind",
    "Page",
    "Petition",
    "Profile",
    "Reason",
    "Reread",
    "Source",
    "Text",
    "Unread",
    "Urgency",
    "classify",
    "classify_text",
    "find_handling",
    "find_marks",
    "fold",
    "normalise",
    "read_header",
    "skeleton",
    "syllables",
    "tone_placement",
]
