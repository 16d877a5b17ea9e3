"""The editor's *Examples* menu (SP-04): documents to begin from, written for this project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    name: str
    title: str
    format: Literal["json", "yaml"]
    text: str


WEATHER = """\
{
  "openapi": "3.1.0",
  "info": {
    "title": "Weather",
    "description": "The weather of a place.",
    "version": "1.0.0"
  },
  "servers": [
    {
      "url": "https://weather.example.com"
    }
  ],
  "paths": {
    "/weather": {
      "get": {
        "operationId": "getWeather",
        "summary": "Get the current weather of a place",
        "x-openai-isConsequential": false,
        "parameters": [
          {
            "name": "location",
            "in": "query",
            "description": "City, with the country where the name alone is not clear.",
            "required": true,
            "schema": {
              "type": "string"
            }
          }
        ],
        "responses": {
          "200": {
            "description": "The weather now.",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "temperature": {
                      "type": "number",
                      "description": "Degrees Celsius."
                    },
                    "sky": {
                      "type": "string"
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
"""

PETS = """\
openapi: "3.1.0"
info:
  title: Pet store
  description: Pets that are looking for a home.
  version: "1.0.0"
servers:
  - url: https://pets.example.com/v1
paths:
  /pets:
    get:
      operationId: listPets
      summary: List pets
      parameters:
        - name: limit
          in: query
          description: How many at most.
          schema:
            type: integer
            minimum: 1
            maximum: 100
            default: 20
      responses:
        "200":
          description: Pets, the longest waiting first.
          content:
            application/json:
              schema:
                type: array
                items:
                  $ref: "#/components/schemas/Pet"
    post:
      operationId: addPet
      summary: Add a pet
      x-openai-isConsequential: true
      requestBody:
        required: true
        content:
          application/json:
            schema:
              $ref: "#/components/schemas/NewPet"
      responses:
        "201":
          description: The pet was added.
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/Pet"
  /pets/{petId}:
    get:
      operationId: getPet
      summary: Get one pet
      parameters:
        - name: petId
          in: path
          description: As listPets tells it.
          required: true
          schema:
            type: string
      responses:
        "200":
          description: The pet.
          content:
            application/json:
              schema:
                $ref: "#/components/schemas/Pet"
components:
  schemas:
    NewPet:
      type: object
      required: [name]
      properties:
        name:
          type: string
        kind:
          type: string
          enum: [cat, dog, rabbit, other]
    Pet:
      type: object
      required: [id, name]
      properties:
        id:
          type: string
        name:
          type: string
        kind:
          type: string
          enum: [cat, dog, rabbit, other]
"""

BLANK = """\
{
  "openapi": "3.1.0",
  "info": {
    "title": "Untitled",
    "description": "What the API does, in a sentence or two.",
    "version": "1.0.0"
  },
  "servers": [
    {
      "url": ""
    }
  ],
  "paths": {},
  "components": {
    "schemas": {}
  }
}
"""

EXAMPLES = (
    Example(name="weather", title="Weather (JSON)", format="json", text=WEATHER),
    Example(name="pets", title="Pet store (YAML)", format="yaml", text=PETS),
    Example(name="blank", title="Blank template", format="json", text=BLANK),
)
