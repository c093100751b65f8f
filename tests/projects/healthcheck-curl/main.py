from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def index():
    return {"hello": "world"}


@app.get("/health")
def health():
    return {"status": "ok"}
