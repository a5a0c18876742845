"""The search index: analysis, query grammar, ranking, partitions and the answer over several of them."""
