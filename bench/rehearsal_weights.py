"""Fit the weights of the built-in model on the looked-at half (averaged structured perceptron); prints the table.

python bench/rehearsal_weights.py PATH/TO/selection
"""

from __future__ import annotations

import json
import random
import sys
from datetime import date
from pathlib import Path
from typing import Any

from actionry.models.rehearsal.assign import assign, build_arguments, total_features
from actionry.models.rehearsal.candidates import Candidate
from actionry.models.rehearsal.choosing import Profile, read_profile
from actionry.models.rehearsal.engine import make_step
from actionry.models.rehearsal.scoring import WEIGHTS
from actionry.models.rehearsal.slots import Slot
from actionry.models.rehearsal.spans import Sentence, read_sentence
from actionry.tools.search_sentence import parts_of
from rehearsal import DATA, flatten, kept, offered_functions, plain, read, same, wrong

Example = tuple[Profile, Sentence, dict[str, list[Any]], str]


def examples(folder: Path) -> list[Example]:
    found: list[Example] = []
    for name in ("bfcl", "sealtools"):
        pools, requests = read(folder, name)
        for request in requests:
            if kept(request["id"]):
                continue
            for operation, gold in zip(request["gold"], request["args"], strict=False):
                text = request["utterance"] if len(request["gold"]) == 1 else part_about(request["utterance"], gold)
                if text:
                    profile = read_profile(pools[request["pool"]][operation])
                    found.append((profile, read_sentence(text, date(2024, 5, 1)), gold, name))
    for line in (DATA / "chinese_requests.jsonl").read_text().splitlines():
        request = json.loads(line)
        if kept(request["id"]) or not request["args"]:
            continue
        functions = {f.name: f for f in offered_functions(request["source"], folder.parent / "corpus")}
        profile = read_profile(functions[request["gold"][0]])
        found.append((profile, read_sentence(request["utterance"], date(2024, 5, 1)), request["args"], "chinese"))
    return found


def part_about(utterance: str, gold: dict[str, list[Any]]) -> str:
    """The one part of a sentence with several wishes that holds all values of this call; "" when none does."""
    wanted = [[plain(str(value)) for value in values] for values in gold.values() if "" not in values]
    for part in parts_of(utterance):
        here = plain(part)
        if wanted and all(any(value and value in here for value in values) for values in wanted):
            return part
    return ""


def allowed(gold: dict[str, list[Any]]) -> Any:
    def allow(slot: Slot, candidate: Candidate) -> bool:
        return any(same(candidate.value, value) for value in gold.get(".".join(slot.path), ()))

    return allow


def exact(examples: list[Example], weights: dict[str, float]) -> float:
    right = 0
    for profile, sentence, gold, _ in examples:
        assignment = assign(profile.slots, sentence, profile.operation_words, weights)
        right += not assignment.missing and not wrong(flatten(make_step(profile, assignment, sentence).arguments), gold)
    return right / len(examples)


def fit(examples: list[Example], epochs: int = 10, rate: float = 0.1, pull: float = 0.0005) -> dict[str, float]:
    weights = dict(WEIGHTS)
    total = dict.fromkeys(weights, 0.0)
    steps = 0
    order = list(examples)
    for epoch in range(epochs):
        random.Random(epoch).shuffle(order)
        for profile, sentence, gold, _ in order:
            steps += 1
            guess = assign(profile.slots, sentence, profile.operation_words, weights)
            if guess.missing or wrong(flatten(build_arguments(guess.choices)), gold):
                truth = assign(profile.slots, sentence, profile.operation_words, weights, allowed(gold))
                reachable = {choice.slot.path for choice in truth.choices}
                skip = {
                    slot.path for slot in profile.slots if "" not in gold.get(".".join(slot.path), [""])
                } - reachable
                if not skip and not wrong(flatten(build_arguments(truth.choices)), gold):
                    up, down = total_features(truth, profile.slots), total_features(guess, profile.slots)
                    for key in {*up, *down} & weights.keys():
                        change = up.get(key, 0.0) - down.get(key, 0.0)
                        weights[key] += rate * max(min(change, 1.0), -1.0)
            for key in weights:
                weights[key] += pull * (WEIGHTS[key] - weights[key])
                total[key] += weights[key]
    return {key: value / steps for key, value in total.items()}


def main() -> None:
    data = examples(Path(sys.argv[1]))
    random.Random(7).shuffle(data)
    groups = ("bfcl", "sealtools", "chinese")

    def by_group(chosen: list[Example], weights: dict[str, float]) -> list[float]:
        return [exact([e for e in chosen if e[3] == group], weights) for group in groups]

    print(len(data), "before", by_group(data, WEIGHTS))
    if "--folds" in sys.argv:
        scores = []
        for fold in range(4):
            held = data[fold::4]
            scores.append(by_group(held, fit([e for index, e in enumerate(data) if index % 4 != fold])))
        print("cross-validated", [sum(column) / 4 for column in zip(*scores, strict=True)])
    weights = fit(data)
    print("fitted", by_group(data, weights))
    for key, value in weights.items():
        print(f'    "{key}": {value:.2f},')


if __name__ == "__main__":
    main()
