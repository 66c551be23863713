def tally(changes):
    pass


def tally_repeats(effects):
    pass
