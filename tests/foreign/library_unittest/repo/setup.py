from setuptools import setup

setup(name="aiocachelet", version="0.2.0", py_modules=["aiocachelet"], test_suite="tests")
