"""The inside of the expression language: text → tokens → tree → closures whose leaves are CEL programs.

Use it through ``reactory.definition.expression`` and ``reactory.definition.template``; nothing else imports from here.

    tokens      the scanner, which also finds where a ``${…}`` hole ends
    dialect     how JavaScript spells things
    syntax      the nodes of the tree, parser the way to them, analysis what can be told without evaluating
    resolution  references: walking a static chain through the data
    values      what goes into CEL, what comes out, and what JSON makes of it
    engine      CEL programs; budget bounds what they and everything else may cost
    library     functions that are evaluated here and not by CEL, because CEL does not bound what they make
    leaf, lowering  the tree as closures
"""
