use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::explain::Selection;
use crate::model::{AuditRow, InstanceRow, ItemRow, Page, PluginRow, TypeRef, TypeRow, User};
use crate::site::Site;

/// Some of the rows.
#[derive(Serialize, ToSchema)]
pub(super) struct PageBody<T> {
    rows: Vec<T>,
    /// How many rows there are on all pages.
    total: u64,
    /// Which page it is; the first one is 1.
    page: u32,
    /// How many pages there are.
    pages: u32,
}

impl<T> PageBody<T> {
    pub(super) fn of<R>(page: Page<R>, body: impl FnMut(R) -> T) -> Self {
        let (total, number, pages) = (page.total, page.page, page.pages());
        PageBody { rows: page.rows.into_iter().map(body).collect(), total, page: number, pages }
    }
}

/// A plugin type.
#[derive(Serialize, ToSchema)]
pub(super) struct TypeBody {
    id: String,
    name: String,
    package: String,
    description: String,
    /// Whether the program that synced last has it.
    present: bool,
    /// Whether this program has it.
    compiled_in: bool,
    items: u64,
    active: u64,
    reserve: u64,
    disabled: u64,
}

impl TypeBody {
    pub(super) fn of(site: &Site, row: TypeRow) -> Self {
        TypeBody {
            id: row.id.to_string(),
            compiled_in: site.registry.find_type(&row.name, &row.package).is_some(),
            name: row.name,
            package: row.package,
            description: row.description,
            present: row.present,
            items: row.items,
            active: row.active,
            reserve: row.reserve,
            disabled: row.disabled,
        }
    }
}

/// The type of an item.
#[derive(Serialize, ToSchema)]
pub(super) struct TypeRefBody {
    id: String,
    name: String,
    package: String,
}

impl From<TypeRef> for TypeRefBody {
    fn from(of: TypeRef) -> Self {
        TypeRefBody { id: of.id.to_string(), name: of.name, package: of.package }
    }
}

/// An item of a plugin type.
#[derive(Serialize, ToSchema)]
pub(super) struct ItemBody {
    id: String,
    #[serde(rename = "type")]
    of: TypeRefBody,
    namespace: String,
    name: String,
    package: String,
    version: String,
    description: String,
    /// `active`, `reserve` or `disabled`.
    code_status: String,
    code_priority: i32,
    /// Whether its instances have settings.
    has_settings: bool,
    /// Whether the program that synced last has it.
    present: bool,
    /// Whether this program has it.
    compiled_in: bool,
}

impl ItemBody {
    pub(super) fn of(site: &Site, row: ItemRow) -> Self {
        let of = site.registry.find_type(&row.of.name, &row.of.package);
        ItemBody {
            compiled_in: of.is_some_and(|of| of.item(&row.namespace, &row.name).is_some()),
            id: row.id.to_string(),
            of: row.of.into(),
            namespace: row.namespace,
            name: row.name,
            package: row.package,
            version: row.version,
            description: row.description,
            code_status: row.code_status.to_string(),
            code_priority: row.code_priority,
            has_settings: row.has_settings,
            present: row.present,
        }
    }
}

/// What an operator switches and orders.
#[derive(Serialize, ToSchema)]
pub(super) struct InstanceBody {
    id: String,
    item: ItemBody,
    name: String,
    /// Whether it is the one instance of an item without settings.
    is_default: bool,
    /// What the operator says; `null` is "as the code says".
    status: Option<String>,
    /// What the operator says; `null` is "as the code says".
    priority: Option<i32>,
    /// The status that holds.
    effective_status: String,
    /// The priority that holds; the lower number comes first.
    effective_priority: i32,
    /// For `If-Match`.
    version: i64,
}

impl InstanceBody {
    pub(super) fn of(site: &Site, row: InstanceRow) -> Self {
        InstanceBody {
            id: row.id.to_string(),
            effective_status: row.effective_status().to_string(),
            effective_priority: row.effective_priority(),
            item: ItemBody::of(site, row.item),
            name: row.name,
            is_default: row.is_default,
            status: row.status.map(|status| status.to_string()),
            priority: row.priority,
            version: row.version.0,
        }
    }
}

/// An instance with its settings.
#[derive(Serialize, ToSchema)]
pub(super) struct DetailBody {
    #[serde(flatten)]
    pub(super) instance: InstanceBody,
    /// The JSON schema of its settings.
    pub(super) schema: Option<Value>,
    /// The settings, with an empty text in the place of each secret. Sent back like
    /// that, secrets stay as they are.
    pub(super) settings: Value,
    /// Where the settings have a secret value, as JSON pointers.
    pub(super) secrets: Vec<String>,
    /// Why the stored settings cannot be used, where they cannot be read.
    pub(super) unusable: Option<String>,
}

/// What is selected of a type, and why.
#[derive(Serialize, ToSchema)]
pub(super) struct SelectionBody {
    /// The revision that it is of.
    revision: i64,
    /// Whether this process goes by it; otherwise it is what the database says.
    in_force: bool,
    /// The id of the instance that is selected.
    selected: Option<String>,
    /// In the order of selection.
    candidates: Vec<CandidateBody>,
    /// How many candidates there are.
    total: usize,
}

#[derive(Serialize, ToSchema)]
struct CandidateBody {
    id: String,
    subject: String,
    status: String,
    priority: i32,
    selected: bool,
    why: String,
}

impl From<Selection> for SelectionBody {
    fn from(selection: Selection) -> Self {
        SelectionBody {
            revision: selection.revision,
            in_force: selection.is_in_force,
            selected: selection.selected().map(|candidate| candidate.id.to_string()),
            total: selection.total,
            candidates: selection
                .candidates
                .into_iter()
                .map(|candidate| CandidateBody {
                    id: candidate.id.to_string(),
                    subject: candidate.subject,
                    status: candidate.status.to_string(),
                    priority: candidate.priority,
                    selected: candidate.is_selected,
                    why: candidate.why,
                })
                .collect(),
        }
    }
}

/// A plugin that is no item.
#[derive(Serialize, ToSchema)]
pub(super) struct PluginBody {
    id: String,
    namespace: String,
    name: String,
    package: String,
    version: String,
    description: String,
    /// Whether the program that synced last has it.
    present: bool,
    /// Whether this program has it.
    compiled_in: bool,
}

impl PluginBody {
    pub(super) fn of(site: &Site, row: PluginRow) -> Self {
        let mut known = site.registry.plugins().iter();
        PluginBody {
            compiled_in: known
                .any(|known| known.namespace == row.namespace && known.name == row.name),
            id: row.id.to_string(),
            namespace: row.namespace,
            name: row.name,
            package: row.package,
            version: row.version,
            description: row.description,
            present: row.present,
        }
    }
}

/// A line of the audit log.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditBody {
    id: i64,
    /// When, in milliseconds since 1970 (UTC).
    at: i64,
    actor: String,
    via: String,
    action: String,
    subject_kind: String,
    subject_id: String,
    subject: String,
    field: Option<String>,
    before: Option<String>,
    after: Option<String>,
    revision: i64,
}

impl From<AuditRow> for AuditBody {
    fn from(row: AuditRow) -> Self {
        AuditBody {
            id: row.id,
            at: row.at.0,
            actor: row.actor,
            via: row.via.as_str().to_owned(),
            action: row.action,
            subject_kind: row.subject_kind,
            subject_id: row.subject_id,
            subject: row.subject,
            field: row.field,
            before: row.before,
            after: row.after,
            revision: row.revision,
        }
    }
}

/// Somebody who may log in.
#[derive(Serialize, ToSchema)]
pub(super) struct UserBody {
    id: String,
    name: String,
    /// `view` or `edit`.
    role: String,
    disabled: bool,
    /// In milliseconds since 1970 (UTC).
    created: i64,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        UserBody {
            id: user.id.to_string(),
            name: user.name,
            role: user.role.to_string(),
            disabled: user.disabled,
            created: user.created.0,
        }
    }
}
