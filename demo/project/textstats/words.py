"""Count words and sentences."""

from collections import Counter


def words(text):
    """Return the words of a text, in order."""
    return text.split()


def frequencies(text):
    """Return how often each word occurs."""
    return Counter(words(text))


def most_common(text, count=10):
    """Return the most frequent words."""
    return frequencies(text).most_common(count)


def sentences(text):
    """Return the sentences of a text."""
    return [part.strip() for part in text.split(".") if part.strip()]
