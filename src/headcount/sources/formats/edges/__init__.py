"""Edge lists: two ids on each line, in whatever layout they were written, as follows.

columns   which columns hold follower and followee, by their names
foreign   files of networks in other formats, refused by name
layout    separator, header, comments, determined from the first lines
lines     what a line is: the rules
direct    the same in SQL, for files that DuckDB may read as they are
rewrite   all other files, line by line
facts     what was decided and left out
reader    one reader for `headcount network` and `headcount add`
"""

from headcount.sources.formats.edges.columns import find_follow_columns
from headcount.sources.formats.edges.direct import is_odd_id, is_padded, relation
from headcount.sources.formats.edges.facts import EdgeListFacts, sentences
from headcount.sources.formats.edges.foreign import ForeignFormat, refuse_foreign_name
from headcount.sources.formats.edges.reader import EdgeFile, EdgeList, find_edge_file, has_other_columns, open_edge_list

__all__ = [
    "EdgeFile",
    "EdgeList",
    "EdgeListFacts",
    "ForeignFormat",
    "find_edge_file",
    "find_follow_columns",
    "has_other_columns",
    "is_odd_id",
    "is_padded",
    "open_edge_list",
    "refuse_foreign_name",
    "relation",
    "sentences",
]
