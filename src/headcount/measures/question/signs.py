"""Which posts ask the readers something?

A post is a question when its signs add up to at least 2. Signs that hold in every language come first:

| sign | points |
|---|---|
| a sentence closes with a question mark of any script (? ？ ؟ ՞ ፧ ❓, the Greek ;) or opens with ¿ | +2 |
| a closing particle that makes a question without a mark (か, 吗, ไหม, 까) | +2 |
| nothing but links, tags and signs follows it: the question is the last thing said | +1 |
| it addresses the readers ("you", "anyone", "ustedes", "みなさん": a short list in fourteen languages) | +1 |
| the post carries a link: a headline that makes curious, more often than a question | -2 |
| the mark stands with an exclamation mark ("?!"): astonishment, whoever it speaks to | -2 |
| the question is a single word and more follows ("Tired? Buy …") | -1 |
| the post opens with the name of an account: it asks one person, not the followers | -3 |

Left out before looking: links (a ? in an address asks nothing), quoted text ("…", «…», 「…」, lines that open
with >), marks without a word before them. A post that passes on another's text (RT @…) is no question, nor
is a post without text. The points were set by reason, not fitted; whoever disagrees names the posts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["NAMED", "THRESHOLD", "Signs", "question_signs"]

THRESHOLD = 2
NAMED = "named by the user"

_LINK = re.compile(r"(?:https?://|www\.)\S+|\b[\w.-]+\.[a-z]{2,}/\S*", re.IGNORECASE)
_QUOTED = re.compile(r"“[^”]*”|„[^“”]*[“”]|«[^»]*»|»[^«]*«|「[^」]*」|『[^』]*』|\"[^\"\n]*\"|^\s*>.*$", re.MULTILINE)
_PASSED_ON = re.compile(r"^\s*RT\s+@", re.IGNORECASE)
_ADDRESSED = re.compile(r"^\s*[.]?@\w")
_TAGS = re.compile(r"(?<!\w)[#@][\w.@-]+")

_MARK = "?？؟⁇⁈⁉︖﹖⸮፧꘏꛷❓❔"
_WIDE = "？︖﹖⁇⁈⁉❓❔؟፧"
_SHOUT = "!！❗⁈⁉‼"
_RUN = re.compile(rf"[{_MARK}{_SHOUT}\ufe0f]*[{_MARK}][{_MARK}{_SHOUT}\ufe0f]*")
_SENTENCE_END = re.compile(rf"[.!！。…\n{_MARK}]")
_WORD = re.compile(r"\w")
_GREEK = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]\s*[;\u037e](?=\s|$)")
_ARMENIAN = re.compile(r"[\u0531-\u0587]\u055e")
_OPENING = re.compile(r"¿\s*\w")
_PARTICLE = re.compile(
    r"(?:(?:です|ます|ません|でしょう|だろう)か|[\u4e00-\u9fff]吗|[\u0e00-\u0e7f](?:ไหม|มั้ย|หรือเปล่า)|[\uac00-\ud7a3](?:까|나요))"
    r"(?=\s*(?:[。.!\n]|$))"
)
_READERS = re.compile(
    r"\b(?:you|your|yours|y'?all|anyone|anybody|everyone|everybody|folks|"
    r"ustedes|vosotros|vosotras|tú|alguien|você|vocês|vcs?|alguém|vous|votre|vos|toi|quelqu'un|"
    r"ihr|euch|eure|eurer|euer|du|dein|deine|dich|dir|jemand|voi|vostro|vostra|vostri|qualcuno|"
    r"jullie|jouw|jij|iemand|вы|вас|вам|ваш|ваша|ваше|ваши|ты|тебя|кто-нибудь|"
    r"siz|sizin|sizce|أنتم|انتم|لكم|आप|आपका|आपको|kalian|kamu|anda|wam|wasz|ktoś)\b"
    r"|みなさん|皆さん|みんな|あなた|你们|你們|大家|您|你|여러분|คุณ",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Signs:
    """What speaks for and against a post being a question.

    Attributes:
        score: sum of the points.
        why: the signs in words, those for it first; empty without any sign.
    """

    score: int
    why: str

    @property
    def is_question(self) -> bool:
        """Do the signs reach the threshold?"""
        return self.score >= THRESHOLD


_NONE = Signs(0, "")


def question_signs(text: str | None) -> Signs:
    """The signs of a question in one post (see the module's text for the rule).

    Args:
        text: what the post says; None where unknown.
    """
    if not text or _PASSED_ON.match(text):
        return _NONE
    own = _TAGS.sub(" ", _LINK.sub(" ", _QUOTED.sub(" ", text)))
    found = _strongest(own)
    if found is None:
        return _NONE
    score, why, astonished = found
    if not astonished and _READERS.search(own):
        score, why = score + 1, [*why, "addresses the readers"]
    if _LINK.search(text):
        score, why = score - 2, [*why, "carries a link, as headlines do"]
    if _ADDRESSED.match(text):
        score, why = score - 3, [*why, "is addressed to one account"]
    return Signs(score, "; ".join(why))


def _strongest(own: str) -> tuple[int, list[str], bool] | None:
    """Points, words and astonishment of the best question in the text; None where there is none."""
    best: tuple[int, list[str], bool] | None = None
    for start, end, run in _marks(own):
        last = not _WORD.search(own, end)
        score, why = (3, ["ends with a question"]) if last else (2, ["asks a question"])
        astonished = any(sign in _SHOUT for sign in run)
        if astonished:
            score, why = score - 2, [*why, "as an exclamation"]
        if not last and _single_word(own[start:end]):
            score, why = score - 1, [*why, "of a single word"]
        if best is None or score > best[0]:
            best = score, why, astonished
    return best


def _marks(own: str) -> list[tuple[int, int, str]]:
    """Start of the sentence, end of the mark, and the mark itself, of every question in the text."""
    marks = []
    for match in _RUN.finditer(own):
        after = own[match.end() : match.end() + 1]
        inside_a_word = after != "" and _WORD.match(after) and match.group()[-1] not in _WIDE
        start = _sentence_start(own, match.start())
        if not inside_a_word and _WORD.search(own, start, match.start()):
            marks.append((start, match.end(), match.group()))
    for pattern in (_GREEK, _ARMENIAN, _PARTICLE):
        marks += [(_sentence_start(own, m.start()), m.end(), "?") for m in pattern.finditer(own)]
    if not marks and (opening := _OPENING.search(own)):
        marks.append((opening.start(), len(own), "?"))
    return marks


def _sentence_start(own: str, end: int) -> int:
    start = 0
    for match in _SENTENCE_END.finditer(own, 0, end):
        start = match.end()
    return start


def _single_word(sentence: str) -> bool:
    words = re.findall(r"[\w'’-]+", sentence)
    return len(words) == 1 and len(words[0]) < 12 and words[0].isascii()
