def read_all(path):
    with open(path) as file:
        return file.read()
