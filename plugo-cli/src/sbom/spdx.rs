use serde_json::{Value, json};

use crate::error::Error;
use crate::manifest::{Crate, Manifest};
use crate::sbom::bill::{Bill, source_date, time};
use crate::sbom::license::is_expression;
use crate::sbom::purl::download;

/// What SPDX calls a fact that nobody states.
const NOTHING: &str = "NOASSERTION";

/// A manifest as an SPDX 2.3 document.
///
/// # Errors
///
/// A `SOURCE_DATE_EPOCH` that is no time.
pub(crate) fn spdx(manifest: &Manifest) -> Result<String, Error> {
    let bill = Bill::new(manifest);
    let name = manifest.app();
    let document_name = match manifest.client() {
        Some(client) => format!("{name}-{client}"),
        None => name.to_owned(),
    };
    // The format asks for a time, and a time would differ between two runs.
    let created = source_date()?.or_else(|| time(0)).unwrap_or_default();
    let packages: Vec<Value> =
        bill.crates.iter().enumerate().map(|(i, krate)| package(i, krate)).collect();
    let document = json!({
        "SPDXID": "SPDXRef-DOCUMENT",
        "creationInfo": {
            "created": created,
            "creators": [format!("Tool: plugo-{}", env!("CARGO_PKG_VERSION"))],
        },
        "dataLicense": "CC0-1.0",
        "documentNamespace": format!("https://spdx.org/spdxdocs/{document_name}-{}", bill.uuid()),
        "name": document_name,
        "packages": packages,
        "relationships": relationships(&bill),
        "spdxVersion": "SPDX-2.3",
    });
    Ok(format!("{document:#}\n"))
}

fn id(i: usize, krate: &Crate<'_>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let name: String = krate.name().chars().map(plain).collect();
    let version: String = krate.version().chars().map(plain).collect();
    // The number tells apart what differs in a character that is not allowed.
    format!("SPDXRef-{i}-{name}-{version}")
}

fn package(i: usize, krate: &Crate<'_>) -> Value {
    let is_app = krate.role() == "app";
    let license = krate.license().filter(|text| is_expression(text));
    let mut package = json!({
        "SPDXID": id(i, krate),
        "copyrightText": NOTHING,
        "downloadLocation": download(krate.name(), krate.version(), krate.source())
            .unwrap_or_else(|| NOTHING.to_owned()),
        "filesAnalyzed": false,
        "licenseConcluded": NOTHING,
        "licenseDeclared": license.unwrap_or(NOTHING),
        "name": krate.name(),
        "primaryPackagePurpose": if is_app { "APPLICATION" } else { "LIBRARY" },
        "supplier": NOTHING,
        "versionInfo": krate.version(),
    });
    if let Some(sha256) = krate.sha256() {
        package["checksums"] = json!([{ "algorithm": "SHA256", "checksumValue": sha256 }]);
    }
    if let Some(purl) = krate.purl() {
        package["externalRefs"] = json!([{
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceLocator": purl,
            "referenceType": "purl",
        }]);
    }
    let needed_by = krate.list("needed_by");
    if !needed_by.is_empty() {
        package["comment"] = json!(format!("needed by the plugins {}", needed_by.join(", ")));
    }
    package
}

fn relationships(bill: &Bill<'_>) -> Vec<Value> {
    let relation = |from: &str, kind: &str, to: &str| {
        json!({
            "relatedSpdxElement": to,
            "relationshipType": kind,
            "spdxElementId": from,
        })
    };
    let ids: Vec<String> = bill.crates.iter().enumerate().map(|(i, k)| id(i, k)).collect();
    let mut found = Vec::new();
    if let Some((app, _)) = bill.app() {
        found.push(relation("SPDXRef-DOCUMENT", "DESCRIBES", &ids[app]));
    }
    for (from, krate) in bill.crates.iter().enumerate() {
        for to in bill.dependencies(krate) {
            found.push(relation(&ids[from], "DEPENDS_ON", &ids[to]));
            // Checkers that follow `DEPENDS_ON` alone find every package; this says more.
            if bill.crates[to].role() == "build" && krate.role() != "build" {
                found.push(relation(&ids[to], "BUILD_DEPENDENCY_OF", &ids[from]));
            }
        }
    }
    found
}
