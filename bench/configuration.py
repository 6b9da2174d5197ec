"""How fast the configuration answers, and how long many cohorts of one company take to live.

    python bench/configuration.py [--programs 50] [--people 8000] [--cohorts 30] [--only check,plan,lives]

Limits: `check` of 50 programs under 2 s and `plan` of one cohort under 1 s, Python's start included and Prefect not
imported; 8,000 people, 12 programs and 30 cohorts over three years in under 60 s (plain engine, every mail rendered).
The loop beside them says how fast the machine was at that moment.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
CONFIGS = CHECKOUT / "program_configs"
DEPARTMENTS = ("Operations", "Product", "Finance", "Marketing", "People", "Customer Success")
LEVELS = (("P3 to P5", "P6 or above"), ("P1 to P2", "P4 to P5"))
FIRST_START = date(2027, 3, 1)
LAST_START = date(2029, 6, 4)


def loop_seconds() -> float:
    """A yardstick: five million additions."""
    began, total = time.perf_counter(), 0
    for number in range(5_000_000):
        total += number
    return time.perf_counter() - began


def run(*words: str, cwd: Path) -> float:
    """Seconds of one command, with Python's start; the best of three."""
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT), "COHORTFLOW_HOME": str(cwd)}
    found = []
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "cohortflow.cli.main", *words], cwd=cwd, env=env, capture_output=True
        )
        found.append(time.perf_counter() - began)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return min(found)


def house(folder: Path, programs: int) -> Path:
    """A configuration with that many programs, each with lines of its own."""
    shutil.copytree(CONFIGS, folder / "program_configs")
    shutil.copytree(CHECKOUT / "templates", folder / "templates")
    text = (CONFIGS / "emerging-leaders.yaml").read_text(encoding="utf-8")
    for number in range(programs - len(list(CONFIGS.glob("*.yaml"))) + 1):
        text_of_one = text.replace("name: Emerging Leaders", f"name: Leaders {number:02}")
        (folder / "program_configs" / f"leaders-{number:02}.yaml").write_text(text_of_one, encoding="utf-8")
    return folder


def bench_commands(programs: int, chosen: set[str]) -> None:
    """`check` of many programs and `plan` of one cohort."""
    with tempfile.TemporaryDirectory() as folder:
        home = house(Path(folder), programs)
        if "check" in chosen:
            print(f"check of {programs} programs      {run('check', cwd=home):6.2f} s   (limit 2)")
        if "plan" in chosen:
            print(
                f"plan of one cohort         {run('plan', 'emerging-leaders/2027-spring', cwd=home):6.2f} s   (limit 1)"
            )


def write_lives(folder: Path, cohorts: int) -> dict[Path, list[str]]:
    """Twelve programs (six departments, two steps of a career), their cohorts spread over the years."""
    shutil.copytree(CONFIGS, folder, ignore=shutil.ignore_patterns("emerging-*.yaml", "first-*.yaml"))
    text = (CONFIGS / "first-steps.yaml").read_text(encoding="utf-8")
    head, _, rest = text.partition("cohorts:")
    after = rest[rest.index("\nwho:") :]
    kinds = [(department, levels) for levels in LEVELS for department in DEPARTMENTS]
    lines: dict[int, list[str]] = {}
    step = (LAST_START - FIRST_START) / max(1, cohorts - 1)
    for number in range(cohorts):
        starts = FIRST_START + timedelta(days=7 * round(number * step.days / 7))
        line = f"  c{number:02}: {{ starts: {starts}, ends: {starts + timedelta(days=179)}, seats: 30 }}"
        lines.setdefault(number % len(kinds), []).append(line)
    chosen = {}
    for place, of_one in sorted(lines.items()):
        department, (mentees, mentors) = kinds[place]
        who = after.replace("{ level: P4 or above, ", f"{{ level: {mentors}, department: {department}, ")
        who = who.replace(
            "{ level: P1 to P2, tenure: at most 12 months", f"{{ level: {mentees}, department: {department}"
        )
        file = folder / f"program-{place:02}.yaml"
        file.write_text("\n".join([head + "cohorts:", *of_one, who.lstrip("\n")]), encoding="utf-8")
        chosen[file] = [line.split(":")[0].strip() for line in of_one]
    return chosen


def bench_lives(people: int, cohorts: int) -> None:
    """Many cohorts of one company at once, on one clock."""
    from cohortflow.simulation.driver import simulated_together

    with tempfile.TemporaryDirectory() as folder:
        chosen = write_lives(Path(folder) / "program_configs", cohorts)
        began = time.perf_counter()
        with simulated_together(chosen, people=people, seed=7) as life:
            mails, passes, years = len(life.transport.sent), life.passes, (life.now - life.began_at).days / 365
            assert not life.problems, life.problems[:5]
    print(
        f"{people} people, {len(chosen)} programs, {cohorts} cohorts, {years:.1f} years: "
        f"{time.perf_counter() - began:.1f} s   (limit 60)   {mails} mails, {life.replies} answers, {passes} passes"
    )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=50)
    parser.add_argument("--people", type=int, default=8000)
    parser.add_argument("--cohorts", type=int, default=30)
    parser.add_argument("--only", default="check,plan,lives")
    asked = parser.parse_args()
    chosen = set(asked.only.split(","))
    print(f"yardstick: {loop_seconds():.2f} s for five million additions")
    bench_commands(asked.programs, chosen)
    if "lives" in chosen:
        bench_lives(asked.people, asked.cohorts)


if __name__ == "__main__":
    os.environ.setdefault("COHORTFLOW_ENGINE", "plain")
    main()
