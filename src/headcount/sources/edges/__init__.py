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

from headcount.sources.edges.facts import EdgeListFacts
from headcount.sources.edges.foreign import ForeignFormat
from headcount.sources.edges.reader import EdgeFile, EdgeList, find_edge_file, open_edge_list

__all__ = ["EdgeFile", "EdgeList", "EdgeListFacts", "ForeignFormat", "find_edge_file", "open_edge_list"]
