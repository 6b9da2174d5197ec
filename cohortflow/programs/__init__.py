"""YAML to Program: loader with lines, date grammar, calendar, occasions."""
