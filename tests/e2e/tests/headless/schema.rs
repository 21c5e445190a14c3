//! Whether a line is what `headless.schema.json` says: as much of JSON Schema as that file uses, and not a word
//! more, so that nothing in it goes unchecked.

use serde_json::Value;
use std::fs;
use std::path::Path;

/// The schema of all lines.
pub(crate) struct Schema(Value);

impl Schema {
    pub(crate) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../operator-console/headless.schema.json");
        Self(serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
    }

    /// Panics unless it is a `command`, an `answer` or an `event`.
    pub(crate) fn check(&self, what: &str, line: &Value) {
        let reference = format!("#/$defs/{what}");
        if let Err(why) = self.holds(&serde_json::json!({ "$ref": reference }), line) {
            panic!("this is no {what}: {line}\n{why}");
        }
    }

    /// The `const` of each alternative of a definition.
    pub(crate) fn names(&self, what: &str, field: &str) -> Vec<String> {
        let alternatives = self.0["$defs"][what]["oneOf"].as_array().unwrap();
        let name = |one: &Value| one["properties"][field]["const"].as_str().unwrap().to_owned();
        alternatives.iter().map(name).collect()
    }

    fn holds(&self, schema: &Value, value: &Value) -> Result<(), String> {
        for (word, wanted) in schema.as_object().unwrap() {
            let holds = match word.as_str() {
                "$ref" => {
                    let name = wanted.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                    self.holds(self.0["$defs"].get(name).expect("a definition"), value)?;
                    true
                }
                "type" => match wanted.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    "integer" => value.is_i64() || value.is_u64(),
                    other => panic!("a type that the checker does not know: {other}"),
                },
                "const" => value == wanted,
                "enum" => wanted.as_array().unwrap().contains(value),
                "minimum" => value.as_i64().is_none_or(|number| number >= wanted.as_i64().unwrap()),
                "maximum" => match (value.as_u64(), wanted.as_u64()) {
                    (Some(number), Some(most)) => number <= most,
                    _ => true,
                },
                "minLength" => length(value).is_none_or(|length| length >= wanted.as_u64().unwrap()),
                "maxLength" => length(value).is_none_or(|length| length <= wanted.as_u64().unwrap()),
                "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap()),
                "anyOf" => wanted.as_array().unwrap().iter().any(|one| self.holds(one, value).is_ok()),
                "oneOf" => {
                    let all: Vec<_> = wanted.as_array().unwrap().iter().map(|one| self.holds(one, value)).collect();
                    let fit = all.iter().filter(|one| one.is_ok()).count();
                    if fit != 1 {
                        return Err(format!("{fit} alternatives fit {value}"));
                    }
                    true
                }
                "items" => {
                    value.as_array().into_iter().flatten().try_for_each(|item| self.holds(wanted, item))?;
                    true
                }
                "required" => {
                    let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
                    !value.is_object() || wanted.as_array().unwrap().iter().all(has)
                }
                "properties" | "additionalProperties" | "propertyNames" => {
                    self.fields(schema, word, value)?;
                    true
                }
                other => panic!("a word that the checker does not know: {other}"),
            };
            if !holds {
                return Err(format!("{word} {wanted} against {value}"));
            }
        }
        Ok(())
    }

    fn fields(&self, schema: &Value, word: &str, value: &Value) -> Result<(), String> {
        for (name, field) in value.as_object().into_iter().flatten() {
            let known = schema.get("properties").and_then(|known| known.get(name));
            match (word, known) {
                ("properties", Some(known)) => self.holds(known, field)?,
                ("propertyNames", _) => self.holds(&schema[word], &Value::String(name.clone()))?,
                ("additionalProperties", None) => match &schema[word] {
                    Value::Bool(false) => return Err(format!("nobody knows {name}")),
                    other => self.holds(other, field)?,
                },
                _ => {}
            }
        }
        Ok(())
    }
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}
