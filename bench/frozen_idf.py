"""Write the frozen weights of words from public texts (Vietnamese Wikipedia, 2,200 articles): in how many of them each term occurs.

Run: python -m bench.frozen_idf
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

from bench.data import evaluation_data
from storage.index.analysis import term_counts, tokens_of

TARGET = Path(__file__).parent.parent / "storage" / "index" / "frozen_idf.txt"
RAREST = 8  # articles; what is rarer counts as unknown
STEP = 1.12  # counts are rounded to powers of this, since a weight goes by their logarithm
HEAD = """\
# In how many of the articles each term of the analysis occurs (=word as written, word folded); what is missing occurs in hardly any.
# Counted by bench/frozen_idf.py in articles of Vietnamese Wikipedia (CC BY-SA 3.0). Changing this file changes the order of answers.
"""


def main() -> None:
    """Count, round, write."""
    containing = Counter[str]()
    articles = 0
    with gzip.open(evaluation_data() / "search" / "viwiki-dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            containing.update(term for term in term_counts([tokens_of(json.loads(line)["text"])]).counts if "_" not in term)
            articles += 1
    steps: dict[int, list[str]] = {}
    for term, count in containing.items():
        if count >= RAREST:
            steps.setdefault(_rounded(count), []).append(term)
    rows = [f"{count} {' '.join(sorted(steps[count]))}" for count in sorted(steps, reverse=True)]
    TARGET.write_text(HEAD + "\n".join([str(articles), *rows]) + "\n", "utf-8")
    print(f"{TARGET.name}: {sum(map(len, steps.values()))} terms, {TARGET.stat().st_size} bytes")


def _rounded(count: int) -> int:
    step = 1.0
    while round(step * STEP) <= count:
        step *= STEP
    return round(step)


if __name__ == "__main__":
    main()
