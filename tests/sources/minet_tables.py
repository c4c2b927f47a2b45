"""Builds tables as minet 4.2 writes them: the columns of a table that it was given, then its own (docs/archives.md)."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path


def names(text: str) -> list[str]:
    return text.split()


TWEETS = names("""
id timestamp_utc local_time user_screen_name text possibly_sensitive retweet_count like_count reply_count
impression_count lang to_username to_userid to_tweetid source_name source_url user_location lat lng user_id
user_name user_verified user_description user_url user_image user_tweets user_followers user_friends user_likes
user_lists user_created_at user_timestamp_utc collected_via match_query retweeted_id retweeted_user
retweeted_user_id retweeted_timestamp_utc quoted_id quoted_user quoted_user_id quoted_timestamp_utc collection_time
url place_country_code place_name place_type place_coordinates links domains media_urls media_files media_types
media_alt_texts mentioned_names mentioned_ids hashtags
""")
USERS = names("""
id screen_name name description url timestamp_utc local_time location verified protected tweets followers friends
likes lists image default_profile default_profile_image witheld_in_countries witheld_scope
""")
POSTS = names("""
cid did uri url timestamp_utc local_time indexed_at_utc user_did user_handle text original_text repost_count
like_count reply_count quote_count bookmark_count bridgy_original_url user_url user_diplay_name user_langs
user_avatar user_created_at user_timestamp_utc to_post_cid to_post_did to_post_uri to_post_url to_user_did
to_root_post_cid to_root_post_did to_root_post_uri to_root_post_url to_root_user_did repost_by_user_did
repost_by_user_handle repost_created_at repost_timestamp_utc quoted_cid quoted_did quoted_uri quoted_url
quoted_user_did quoted_user_handle quoted_created_at quoted_timestamp_utc quoted_status links domains card_link
card_title card_description card_thumbnail media_urls media_thumbnails media_types media_alt_texts
mentioned_user_dids mentioned_user_handles hashtags replies_rules replies_rules_created_at
replies_rules_timestamp_utc hidden_replies_uris collection_time collected_via match_query
""")
PROFILES = names("""
did url handle display_name description posts followers follows lists feedgens starter_packs avatar banner
pinned_post_uri created_at timestamp_utc collection_time
""")
LISTED = names("""
did url handle display_name description lists feedgens starter_packs avatar created_at timestamp_utc collection_time
""")
FOLLOWERS, FRIENDS = ["cursor", "follower_id"], ["cursor", "friend_id"]


def table(path: Path, before: list[str], columns: list[str], *rows: tuple[list[object], dict[str, object]]) -> Path:
    """One table: each row with what stood in the columns before, and the columns that are not empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*before, *columns])
    for given, told in rows:
        assert set(told) <= set(columns)
        writer.writerow([*given, *(told.get(name, "") for name in columns)])
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path
