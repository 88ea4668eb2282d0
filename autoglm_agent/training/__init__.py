"""How the weights came to be. Everything is seeded, and nothing that serves a user imports this package.

| room | what is in it |
|---|---|
| `text`, `pictures`, `speech` | what nano learns from: samples with their answers, renderer, voices and recordings |
| `stages` | how it learns: ears, eyes, fusion, and the recipe that runs them all |
| `evaluate` | how well it learnt: sets, scores, the table, the model card |
| `sample`, `corpus` | what a sample is, and the shares of each kind |
| `prepare`, `commands`, `demo_media` | public sets to packs, `autoglm train`, the media of the demonstration |
"""
