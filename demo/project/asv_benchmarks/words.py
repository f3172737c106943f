import time

from textstats.words import frequencies, sentences, words


class Words:
    timer = time.process_time
    rounds = 1
    repeat = (4, 6, 0.15)
    warmup_time = 0.02
    params = [100]
    param_names = ["lines"]

    def setup(self, lines):
        self.text = "The quick brown fox jumps over the lazy dog, and the dog sleeps on. " * lines

    def time_words(self, lines):
        words(self.text)

    def time_frequencies(self, lines):
        frequencies(self.text)

    def time_sentences(self, lines):
        sentences(self.text)
