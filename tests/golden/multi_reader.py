"""Writes multi_reader.json: what src/evaluation/multi_reader is held to.

- `van_dyke`: the ratings of Van Dyke et al. (Cine MRI in the diagnosis of thoracic aortic dissection, RSNA 1993;
  2 modalities x 5 readers x 69 cases without and 45 with a dissection), the example data of the field, and the figures
  that OR-DBM MRMC 2.51 (University of Iowa, trapezoidal area, jackknife) printed of them on 30 April 2020. The figures
  are typed from that output, with as many digits as it has. This script computes them anew, too, and stops where they
  differ.
- `studies`: drawn at random; computed here pair by pair, leaving out case by case, as the papers write it: no ranks, no
  components. Areas, shares and JAFROC.
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

# By modality and reader: 69 cases without, then 45 with a dissection.
VAN_DYKE = [
    [
        "122151111111411111111131311214111113121211233131133111111221111332111555545554555434245555555154454553555115554451",
        "232222222322522232222222422223222222222222222222222222222432232222222535555542555442225555555243354552425225555352",
        "222235112242422232221232411322112224121412112222223211211221151421212545555555555542355555555252255552555225555552",
        "111111311111111111112111211112111111111111111111331111111111111311111555555555555555155555555554544553555125555555",
        "351211112221211122113221111211211231221113332111211111111341231212113525255551545452235555554144322151515115553552",
    ],
    [
        "333222223213122222211111421312214323123122233111333113412421241442111535555554555544335555555355355554455535555551",
        "322222223222222122221222322222212212222231223222222222322322222222122535555552555344245455545252355532425525555552",
        "242222322211132222121121411512112122212221132111233113221232341242121525555555555354145555555253355543555534555551",
        "221111312111122111211111321212111122112111112121212211111212111323211545555554555455555555555455445555555535555555",
        "223122221222111222122212322321212222112121132122332122221222231233111525455555455343335555555251332532545533555553",
    ],
]
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
        "single": [[0.03317360, 12.74, 0.82522360, 0.96885048], [0.02156637, 12.71, 0.89413783, 0.98753689]],
    },
    "fixed_readers": {
        "statistic": 5.47595, "p": 0.0193,
        "difference": 0.04380, "standard_error": 0.01872, "interval": [0.00711, 0.08049],
        "single": [[0.02428971, 0.84943008, 0.94464399], [0.01677632, 0.90795637, 0.97371835]],
        "readers": [[0.02818, 0.02551, 0.2693], [0.04654, 0.02630, 0.0768], [0.01787, 0.03121, 0.5668],
                    [0.02625, 0.01729, 0.1290], [0.10016, 0.04406, 0.0230]],
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
    return {
        "figures": theta.tolist(), "components": c,
        "random": {"statistic": f, "df": df, "p": stats.f.sf(f, modalities - 1, df), "differences": differences},
        "fixed_readers": {"statistic": chi, "p": stats.chi2.sf(chi, modalities - 1)},
        "fixed_cases": {"statistic": ms_t / ms_tr, "p": stats.f.sf(ms_t / ms_tr, modalities - 1, (modalities - 1) * (readers - 1))},
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


def close(a, b, digits):
    assert abs(a - b) <= 0.6 * 10**-digits, (a, b)


van_dyke = [[[int(c) for c in row] for row in m] for m in VAN_DYKE]
truth = [False] * 69 + [True] * 45
again = analyse(area, van_dyke, truth)
for found, printed in zip(np.ravel(again["figures"]), np.ravel(PUBLISHED["areas"])):
    close(found, printed, 8)
for name in ["error", "cov1", "cov2", "cov3"]:
    close(again["components"][name], PUBLISHED["components"][name], 8)
close(again["random"]["statistic"], PUBLISHED["random"]["statistic"], 2)
close(again["random"]["p"], PUBLISHED["random"]["p"], 4)
close(again["fixed_readers"]["statistic"], PUBLISHED["fixed_readers"]["statistic"], 5)

studies = []
for modalities, readers, n, levels in [(2, 4, 40, 2), (3, 3, 30, 1)]:
    data, positive = drawn(modalities, readers, n, levels)
    found = analyse(area, data, positive)
    cov = delong(data, positive)
    found["delong_error"] = float(np.mean(np.diag(cov)))
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
    "van_dyke": {"ratings": VAN_DYKE, "positives": 45, "published": PUBLISHED},
    "studies": studies,
    "kappa": kappa,
}
with open("multi_reader.json", "w") as file:
    json.dump(rounded(golden), file, separators=(",", ":"))
    file.write("\n")
