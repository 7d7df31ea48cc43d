"""Writes multi_reader.json: what src/evaluation/multi_reader is held to.

- `published`: figures that OR-DBM MRMC 2.51 (University of Iowa, trapezoidal area, jackknife) printed on 30 April 2020 of
  Van Dyke et al. (Cine MRI in the diagnosis of thoracic aortic dissection, RSNA 1993; 2 modalities x 5 readers x 69 cases
  without and 45 with a dissection), with as many digits as the output has. The ratings themselves are not here: the
  packages that carry them do so under the GPL. What follows from areas and covariances is tested with these figures.
- `studies`: drawn at random; computed here pair by pair, leaving out case by case, as the papers write it: no ranks, no
  components. Areas (one study of the size of Van Dyke's, on a scale of five), shares and JAFROC.
- `kappa`: of statsmodels (two readers) and irrCAC (several).

Run in this folder with numpy, scipy, statsmodels and irrCAC: python multi_reader.py
"""

import itertools
import json

import numpy as np
import pandas as pd
from irrCAC.raw import CAC
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa, to_table

random = np.random.default_rng(19)

# Of Van Dyke's study: areas by modality and reader, and what the Obuchowski-Rockette analysis makes of them.
PUBLISHED = {
    "areas": [
        [0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066],
        [0.94782609, 0.90531401, 0.92173913, 0.99935588, 0.92995169],
    ],
    "means": [0.89703704, 0.94083736],
    "mean_squares": {"modality": 0.00479617, "reader": 0.00383620, "interaction": 0.00055103},
    "reader_by_modality": [0.00308263, 0.00130460],
    "components": {
        "reader": 0.00153500, "interaction": 0.00020040,
        "error": 0.00080229, "cov1": 0.00034661, "cov2": 0.00034407, "cov3": 0.00023903,
    },
    "random": {
        "statistic": 4.46, "df": 15.26, "p": 0.0517,
        "difference": 0.04380, "standard_error": 0.02075, "interval": [-0.00036, 0.08796],
    },
    "fixed_readers": {
        "statistic": 5.47595, "p": 0.0193,
        "difference": 0.04380, "standard_error": 0.01872, "interval": [0.00711, 0.08049],
    },
    "fixed_cases": {
        "statistic": 8.70, "df": 4, "p": 0.0420,
        "difference": 0.04380, "standard_error": 0.01485, "interval": [0.00258, 0.08502],
        "single": [[0.02482994, 0.82809808, 0.96597599], [0.01615303, 0.89598936, 0.98568536]],
    },
}


def psi(low, high):
    return float(low < high) + 0.5 * (low == high)


def area(ratings, cases, positive):
    yes, no = [k for k in cases if positive[k]], [k for k in cases if not positive[k]]
    return np.mean([psi(ratings[i], ratings[j]) for i in no for j in yes])


def share(values, cases, _):
    return np.mean([values[k] for k in cases])


def jafroc(by_case):
    def figure(marks, cases, positive):
        total = weight = 0.0
        alarms = [max(marks[k][1], default=-np.inf) for k in cases if not positive[k]]
        for j in (k for k in cases if positive[k]):
            lesions = [-np.inf if r is None else r for r in marks[j][0]]
            w = 1.0 / len(lesions) if by_case else 1.0
            for lesion in lesions:
                total += w * sum(psi(alarm, lesion) for alarm in alarms) / len(alarms)
                weight += w
        return total / weight
    return figure


def interval(value, reach):
    """Of a share, on the logit scale."""
    middle, reach = np.log(value / (1 - value)), reach / (value * (1 - value))
    return [1 / (1 + np.exp(-(middle - reach))), 1 / (1 + np.exp(-(middle + reach)))]


def analyse(figure, data, positive):
    """Obuchowski-Rockette by the jackknife; data by modality, reader, case."""
    modalities, readers, n = len(data), len(data[0]), len(positive)
    cases = list(range(n))
    theta = np.array([[figure(row, cases, positive) for row in m] for m in data])
    left = np.array([[[figure(row, cases[:k] + cases[k + 1:], positive) for k in cases] for row in m] for m in data])
    flat = left.reshape(modalities * readers, n)
    cov = np.cov(flat) * (n - 1) ** 2 / n
    groups = {"error": [], "cov1": [], "cov2": [], "cov3": []}
    place = [(i, j) for i in range(modalities) for j in range(readers)]
    for a, b in itertools.product(range(len(place)), repeat=2):
        (i, j), (k, l) = place[a], place[b]
        name = {(1, 1): "error", (0, 1): "cov1", (1, 0): "cov2", (0, 0): "cov3"}[(int(i == k), int(j == l))]
        groups[name].append(cov[a, b])
    c = {name: float(np.mean(v)) if v else 0.0 for name, v in groups.items()}
    grand, by_m, by_r = theta.mean(), theta.mean(1), theta.mean(0)
    ms_t = readers * ((by_m - grand) ** 2).sum() / (modalities - 1)
    ms_tr = ((theta - by_m[:, None] - by_r[None] + grand) ** 2).sum() / ((modalities - 1) * (readers - 1))
    below = ms_tr + readers * max(c["cov2"] - c["cov3"], 0)
    df = below**2 / (ms_tr**2 / ((modalities - 1) * (readers - 1)))
    f = ms_t / below
    error = np.sqrt(2 / readers * below)
    differences = []
    for a, b in itertools.combinations(range(modalities), 2):
        d = by_m[b] - by_m[a]
        reach = stats.t.ppf(0.975, df) * error
        differences.append([d, d - reach, d + reach, 2 * stats.t.sf(abs(d) / error, df)])
    term = c["error"] - c["cov1"] + (readers - 1) * max(c["cov2"] - c["cov3"], 0)
    chi = (modalities - 1) * ms_t / term
    # Each modality from its own readers and cases, as Hillis (2014) writes it.
    single = {"random": [], "fixed_readers": [], "fixed_cases": []}
    for i in range(modalities):
        own = cov[i * readers:(i + 1) * readers, i * readers:(i + 1) * readers]
        variance = np.mean(np.diag(own))
        cov2 = max((own.sum() - np.trace(own)) / (readers * (readers - 1)), 0)
        ms_r = theta[i].var(ddof=1)
        whole = ms_r + readers * cov2
        own_df = whole**2 / (ms_r**2 / (readers - 1))
        for name, variance_of_mean, freedom in [
            ("random", whole / readers, own_df),
            ("fixed_readers", (variance + (readers - 1) * cov2) / readers, np.inf),
            ("fixed_cases", ms_r / readers, readers - 1),
        ]:
            se = np.sqrt(variance_of_mean)
            reach = (stats.norm.ppf(0.975) if np.isinf(freedom) else stats.t.ppf(0.975, freedom)) * se
            single[name].append([by_m[i], se, *interval(by_m[i], reach)])
    # Each reader by himself: the first two modalities.
    by_reader = []
    for j in range(readers):
        a, b = j, readers + j
        se = np.sqrt(cov[a, a] + cov[b, b] - 2 * cov[a, b])
        d = theta[1, j] - theta[0, j]
        by_reader.append([d, se, 2 * stats.norm.sf(abs(d) / se)])
    return {
        "figures": theta.tolist(), "components": c, "readers": by_reader,
        "random": {"statistic": f, "df": df, "p": stats.f.sf(f, modalities - 1, df), "differences": differences,
                   "single": single["random"]},
        "fixed_readers": {"statistic": chi, "p": stats.chi2.sf(chi, modalities - 1), "single": single["fixed_readers"]},
        "fixed_cases": {"statistic": ms_t / ms_tr, "p": stats.f.sf(ms_t / ms_tr, modalities - 1, (modalities - 1) * (readers - 1)),
                        "single": single["fixed_cases"]},
    }


def delong(data, positive):
    """Variance and covariances of areas by structural components, pair by pair."""
    yes, no = np.flatnonzero(positive), np.flatnonzero(~np.asarray(positive))
    v10, v01 = [], []
    for m in data:
        for row in m:
            grid = np.array([[psi(row[i], row[j]) for j in yes] for i in no])
            v10.append(grid.mean(0))
            v01.append(grid.mean(1))
    return np.cov(v10) / len(yes) + np.cov(v01) / len(no)


def drawn(modalities, readers, n, levels):
    positive = random.random(n) < 0.45
    case = random.normal(size=n)
    data = []
    for i in range(modalities):
        data.append([])
        for j in range(readers):
            r = 0.8 * case + random.normal(size=n) + positive * (1.0 + 0.4 * i + 0.3 * random.normal())
            data[-1].append(np.round(r * levels).tolist())
    return data, positive.tolist()


def marked(modalities, readers, n):
    positive = (random.random(n) < 0.5).tolist()
    lesions = [random.integers(1, 4) if p else 0 for p in positive]
    rating = lambda shift: int(np.clip(np.round(50 + 20 * (random.normal() + shift)), 0, 100))
    data = [[[
        [[rating(0.8 + 0.4 * i) if random.random() < 0.6 + 0.1 * i else None for _ in range(lesions[k])],
         [rating(-0.5) for _ in range(random.poisson(0.6))]]
        for k in range(n)] for _ in range(readers)] for i in range(modalities)]
    return data, positive


def on_five(positives, negatives, readers):
    """Two modalities on a scale of five, as radiologists use it: by its own generator, so that the others stay."""
    own = np.random.default_rng(1993)
    positive = np.r_[np.zeros(negatives, bool), np.ones(positives, bool)]
    case = own.normal(size=positive.size)
    data = []
    for modality in range(2):
        of_modality = own.normal(size=positive.size)
        data.append([])
        for _ in range(readers):
            latent = 0.6 * case + 0.4 * of_modality + 0.7 * own.normal(size=positive.size)
            latent += positive * (1.9 + 0.5 * modality + 0.3 * own.normal())
            data[-1].append((1 + np.digitize(latent, [0.2, 0.9, 1.4, 2.0])).tolist())
    return data, positive.tolist()


studies = []
for modalities, readers, n, levels in [(2, 4, 40, 2), (3, 3, 30, 1)]:
    data, positive = drawn(modalities, readers, n, levels)
    found = analyse(area, data, positive)
    cov = delong(data, positive)
    found["delong_error"] = float(np.mean(np.diag(cov)))
    studies.append({"kind": "area", "ratings": data, "positive": positive, "expected": found})
data, positive = on_five(45, 69, 5)
found = analyse(area, data, positive)
found["delong_error"] = float(np.mean(np.diag(delong(data, positive))))
studies.append({"kind": "area", "ratings": data, "positive": positive, "expected": found})
data = [[(random.random(25) < 0.3 + 0.2 * i).astype(float).tolist() for _ in range(4)] for i in range(2)]
studies.append({"kind": "share", "ratings": data, "positive": [True] * 25, "expected": analyse(share, data, [True] * 25)})
data, positive = marked(2, 4, 36)
for kind, by_case in [("wafroc", True), ("afroc", False)]:
    studies.append({"kind": kind, "marks": data, "positive": positive, "expected": analyse(jafroc(by_case), data, positive)})

kappa = []
for n, categories, noise in [(40, 2, 0.25), (60, 5, 0.4), (30, 3, 0.6)]:
    base = random.integers(0, categories, n)
    readers = [np.where(random.random(n) < noise, random.integers(0, categories, n), base) for _ in range(4)]
    entry = {"categories": categories, "readers": [r.tolist() for r in readers], "cohen": {}, "fleiss": {}}
    table = to_table(np.stack(readers[:2], 1), bins=np.arange(categories + 1) - 0.5)[0]
    for name, wt in [("Equal", None), ("Linear", "linear"), ("Quadratic", "quadratic")]:
        found = cohens_kappa(table, wt=wt)
        entry["cohen"][name] = [found.kappa, np.sqrt(found.var_kappa)]
    for name, weights in [("Equal", "identity"), ("Linear", "linear"), ("Quadratic", "quadratic")]:
        cac = CAC(pd.DataFrame(np.stack(readers, 1)), weights=weights, categories=list(range(categories)), digits=10)
        found = cac.fleiss()["est"]
        entry["fleiss"][name] = [found["coefficient_value"], found["se"], *found["confidence_interval"]]
    kappa.append(entry)


def rounded(value):
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(v) for v in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (float, np.floating)):
        return int(value) if float(value).is_integer() else float(f"{value:.12g}")
    return int(value) if isinstance(value, np.integer) else value


golden = {
    "published": PUBLISHED,
    "studies": studies,
    "kappa": kappa,
}
with open("multi_reader.json", "w") as file:
    json.dump(rounded(golden), file, separators=(",", ":"))
    file.write("\n")
