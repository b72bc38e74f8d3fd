def draw(d):
    pass
