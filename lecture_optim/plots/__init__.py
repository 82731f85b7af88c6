"""Every figure of the book, a package a part and a module a chapter: each function takes results, draws, and returns its data.

A figure function returns ``(data, axes)``: a dict of the arrays that it drew, by name, which the tests check, and the axes.
"""
