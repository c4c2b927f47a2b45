"""Made-up names, bios and posts. All of it is written for this project; any likeness to real accounts is chance."""

from __future__ import annotations

__all__ = [
    "AUTO_BIOS",
    "BIOS",
    "FIRST_NAMES",
    "NICK_WORDS",
    "PROMOTIONS",
    "QUESTIONS",
    "REPLIES",
    "STATEMENTS",
    "TOPICS",
]

FIRST_NAMES = (
    "Ada", "Bo", "Chidi", "Dana", "Elif", "Femi", "Gita", "Hana", "Ines", "Jonas", "Kofi", "Lena", "Mateo", "Noor",
    "Olu", "Priya", "Quinn", "Rosa", "Sven", "Tariq", "Uma", "Vera", "Wen", "Ximena", "Yuki", "Zoe",
    "アキ", "Ольга", "ليلى",
)  # fmt: skip
NICK_WORDS = (
    "wren", "moss", "harbor", "pixel", "ember", "lark", "cedar", "tide", "comet", "quill", "maple", "dune", "fern",
    "onyx", "pebble", "saffron", "thistle", "umber", "velvet", "willow", "yarrow", "zephyr", "acorn", "basalt",
)  # fmt: skip
TOPICS = (
    ("birds", "ringing", "the marsh", "owls", "binoculars"),
    ("football", "the match", "the derby", "training", "the referee"),
    ("cooking", "sourdough", "chili", "the market", "soup"),
    ("code", "the compiler", "tests", "a refactoring", "Rust"),
    ("politics of bicycles", "the bike lane", "trams", "parking", "the council"),
    ("books", "a novel", "poems", "the library", "translations"),
    ("music", "the concert", "vinyl", "a bass line", "the choir"),
    ("gardens", "tomatoes", "compost", "bees", "the greenhouse"),
    ("astronomy", "the eclipse", "Saturn", "a telescope", "meteors"),
    ("knitting", "socks", "wool", "a pattern", "the loom"),
    ("travel", "night trains", "the coast", "hostels", "maps"),
    ("games", "chess", "a puzzle", "dice", "the new release"),
)
STATEMENTS = (
    "Thinking about {} today.", "A long walk and then {}.", "Nobody told me how much work {} is.",
    "Three notes on {}, because it matters.", "Heute wieder {} – schön.", "Hoy: {}. Nada más.",
    "Encore {} ce matin.", "This week was all about {}.", "I was wrong about {}.", "{}, finally.",
)  # fmt: skip
QUESTIONS = (
    "What should I know about {}?", "Who here cares about {}?", "Which is better for {}: early or late?",
    "Was würdet ihr mir zu {} raten?", "¿Alguien sabe algo de {}?", "Vous faites comment avec {} ?",
)  # fmt: skip
REPLIES = (
    "Yes, and it took me years.", "I tried that last week.", "Try the other way round!", "Danke, das hilft.",
    "Not for me, but I see why.", "Same here.", "Gracias, lo intento.", "How long did it take you?",
)  # fmt: skip
PROMOTIONS = (
    "Get 1,000 followers a day, free: https://grow-fast.example/x", "Follow me and I follow back! #teamfollowback",
    "The secret of passive income: https://easy-money.example/now", "100% follow back, join here https://f4f.example",
)  # fmt: skip
BIOS = (
    "{} and coffee.", "Mostly {}. Views my own.", "{}, cats, rain.", "Teacher. {}.", "Ich mag {}.", "{} desde siempre.",
)  # fmt: skip
AUTO_BIOS = (
    "Marketing guru. Follow me, I follow back! #teamfollowback", "f4f | 100% follow back | DM for growth",
    "Social media expert. I help you grow.", "Entrepreneur. Dream big. IFB",
)  # fmt: skip
