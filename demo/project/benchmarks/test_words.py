from textstats.words import frequencies, most_common, sentences

TEXT = "The quick brown fox jumps over the lazy dog, and the dog sleeps on. " * 120


def test_frequencies(benchmark):
    assert benchmark(frequencies, TEXT)["fox"] == 120


def test_most_common(benchmark):
    assert len(benchmark(most_common, TEXT)) == 10


def test_sentences(benchmark):
    assert len(benchmark(sentences, TEXT)) == 120
