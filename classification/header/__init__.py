"""The document header: who issued what, when, under which number. Source: Decree 30/2020/NĐ-CP art. 7-9; 36-HD/VPTW (2018)."""

from classification.header.doctype import DocType, Petition
from classification.header.family import Family
from classification.header.model import CopyKind, Header, HeaderWarning, Urgency
from classification.header.reading import read_header

__all__ = ["CopyKind", "DocType", "Family", "Header", "HeaderWarning", "Petition", "Urgency", "read_header"]
