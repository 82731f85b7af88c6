"""Grading of a class: tests in the grader, a student's code in a jail, plain data between them.

`jail` holds students' code, `worker` runs it in there, `notebook` reads what they hand in, `runner` grades one submission.
"""
