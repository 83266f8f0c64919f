//! A schema as its checks need it: names resolved, logical types replaced by what stands for them.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::schema::{
    FixedSchema, InnerDecimalSchema, Name, NamespaceRef, UnionSchema, UuidSchema,
};

/// All types of a schema.
#[derive(Debug)]
pub(super) struct Types {
    root: Type,
    named: Vec<Type>,
}

/// One type.
#[derive(Debug)]
pub(super) enum Type {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Array(Box<Type>),
    Map(Box<Type>),
    /// Its branches, each under the name that JSON has for it.
    Union(Vec<(String, Type)>),
    /// Its fields, in their order.
    Record(Vec<(String, Type)>),
    /// Its symbols.
    Enum(Vec<String>),
    /// So many bytes.
    Fixed(usize),
    /// One of [`Types::resolve`].
    Named(usize),
}

impl Types {
    /// Takes a schema apart.
    ///
    /// # Errors
    /// It refers to a type that is not defined, or defines one twice.
    pub(super) fn compile(schema: &Schema) -> Result<Self, String> {
        let mut compiler = Compiler::default();
        let root = compiler.compile(schema, None)?;
        Ok(Self {
            root,
            named: compiler.named,
        })
    }

    /// The type of a whole message.
    pub(super) fn root(&self) -> &Type {
        &self.root
    }

    /// The type itself, where `kind` is only a name.
    pub(super) fn resolve<'a>(&'a self, kind: &'a Type) -> &'a Type {
        match kind {
            // Names refer to definitions, which are no names.
            Type::Named(number) => self.named.get(*number).unwrap_or(&Type::Null),
            kind => kind,
        }
    }
}

#[derive(Default)]
struct Compiler {
    named: Vec<Type>,
    numbers: HashMap<String, usize>,
}

impl Compiler {
    fn compile(&mut self, schema: &Schema, namespace: NamespaceRef<'_>) -> Result<Type, String> {
        Ok(match schema {
            Schema::Null => Type::Null,
            Schema::Boolean => Type::Boolean,
            Schema::Int | Schema::Date | Schema::TimeMillis => Type::Int,
            Schema::Long
            | Schema::TimeMicros
            | Schema::TimestampMillis
            | Schema::TimestampMicros
            | Schema::TimestampNanos
            | Schema::LocalTimestampMillis
            | Schema::LocalTimestampMicros
            | Schema::LocalTimestampNanos => Type::Long,
            Schema::Float => Type::Float,
            Schema::Double => Type::Double,
            Schema::Bytes | Schema::BigDecimal | Schema::Uuid(UuidSchema::Bytes) => Type::Bytes,
            Schema::String | Schema::Uuid(UuidSchema::String) => Type::String,
            Schema::Array(array) => Type::Array(Box::new(self.compile(&array.items, namespace)?)),
            Schema::Map(map) => Type::Map(Box::new(self.compile(&map.types, namespace)?)),
            Schema::Union(union) => self.union(union, namespace)?,
            Schema::Record(record) => {
                let name = record.name.fully_qualified_name(namespace);
                let number = self.define(&record.name, namespace)?;
                let mut fields = Vec::new();
                for field in &record.fields {
                    let kind = self.compile(&field.schema, name.namespace())?;
                    fields.push((field.name.clone(), kind));
                }
                self.finish(number, Type::Record(fields))
            }
            Schema::Enum(symbols) => {
                let number = self.define(&symbols.name, namespace)?;
                self.finish(number, Type::Enum(symbols.symbols.clone()))
            }
            Schema::Decimal(decimal) => match &decimal.inner {
                InnerDecimalSchema::Bytes => Type::Bytes,
                InnerDecimalSchema::Fixed(fixed) => self.fixed(fixed, namespace)?,
            },
            Schema::Fixed(fixed)
            | Schema::Duration(fixed)
            | Schema::Uuid(UuidSchema::Fixed(fixed)) => self.fixed(fixed, namespace)?,
            Schema::Ref { name } => {
                let name = name.fullname(namespace);
                let number = self.numbers.get(&name);
                let number = number.ok_or_else(|| format!("type `{name}` is not defined"))?;
                Type::Named(*number)
            }
        })
    }

    fn fixed(&mut self, fixed: &FixedSchema, namespace: NamespaceRef<'_>) -> Result<Type, String> {
        let number = self.define(&fixed.name, namespace)?;
        Ok(self.finish(number, Type::Fixed(fixed.size)))
    }

    fn union(&mut self, union: &UnionSchema, namespace: NamespaceRef<'_>) -> Result<Type, String> {
        let mut branches = Vec::new();
        for variant in union.variants() {
            let kind = self.compile(variant, namespace)?;
            branches.push((self.branch_name(&kind), kind));
        }
        Ok(Type::Union(branches))
    }

    /// What a branch of a union is called in JSON: its full name, or its type.
    fn branch_name(&self, kind: &Type) -> String {
        let name = match kind {
            Type::Null => "null",
            Type::Boolean => "boolean",
            Type::Int => "int",
            Type::Long => "long",
            Type::Float => "float",
            Type::Double => "double",
            Type::Bytes => "bytes",
            Type::String => "string",
            Type::Array(_) => "array",
            Type::Map(_) => "map",
            Type::Union(_) => "union",
            Type::Record(_) | Type::Enum(_) | Type::Fixed(_) => "",
            Type::Named(number) => {
                let mut numbers = self.numbers.iter();
                let found = numbers.find(|(_, one)| *one == number);
                found.map_or("", |(name, _)| name)
            }
        };
        name.to_owned()
    }

    /// Gives a name a number, before its definition is known: it may refer to itself.
    fn define(&mut self, name: &Name, namespace: NamespaceRef<'_>) -> Result<usize, String> {
        let name = name.fullname(namespace);
        let number = self.named.len();
        if self.numbers.insert(name.clone(), number).is_some() {
            return Err(format!("type `{name}` is defined twice"));
        }
        self.named.push(Type::Null);
        Ok(number)
    }

    fn finish(&mut self, number: usize, definition: Type) -> Type {
        self.named[number] = definition;
        Type::Named(number)
    }
}
