use std::fmt::Write as _;

/// A plot with two logarithmic axes, as SVG that is readable on white and on black.
#[derive(Debug)]
pub(crate) struct Plot<'p> {
    pub(crate) title: &'p str,
    pub(crate) x: &'p str,
    /// Each line with its name, which stands at its end.
    pub(crate) lines: &'p [(String, Vec<(f64, f64)>)],
    /// The names of the lines that are drawn in colour; the others are grey.
    pub(crate) shown: &'p [&'p str],
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
/// Left, right, top and bottom of the field.
const FIELD: [f64; 4] = [64.0, 610.0, 44.0, 374.0];
/// The least distance of two names.
const LETTERING: f64 = 14.0;
const COLOURS: [&str; 5] = ["#e8590c", "#2b8ae0", "#2f9e44", "#b34fd0", "#c79a3a"];
/// Of the lines in colour, the one that is dashed: another one may lie under it.
const DASHED: usize = 1;

impl Plot<'_> {
    pub(crate) fn svg(&self) -> String {
        let [left, right, top, bottom] = FIELD;
        let points = || self.lines.iter().flat_map(|(_, points)| points);
        let (x_from, x_to) = decades(points().map(|point| point.0));
        let (y_from, y_to) = decades(points().map(|point| point.1));
        let x = |value: f64| left + (value.log10() - x_from) / (x_to - x_from) * (right - left);
        let y = |value: f64| {
            bottom - (value.max(1.0).log10() - y_from) / (y_to - y_from) * (bottom - top)
        };
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             role=\"img\" aria-label=\"{0}\">\n{STYLE}<text x=\"{left}\" y=\"22\" \
             class=\"title\">{0}</text>\n",
            escaped(self.title),
        );
        for decade in y_from as i32..=y_to as i32 {
            let at = y(10_f64.powi(decade));
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{left} {at:.1}H{right}\"/>\
                 <text x=\"{:.0}\" y=\"{:.1}\" class=\"end\">{}</text>",
                left - 8.0,
                at + 4.0,
                short(decade),
            );
        }
        for decade in x_from as i32..=x_to as i32 {
            let at = x(10_f64.powi(decade));
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{at:.1} {top}V{bottom}\"/>\
                 <text x=\"{at:.1}\" y=\"{:.0}\" class=\"middle\">{}</text>",
                bottom + 18.0,
                short(decade),
            );
        }
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.0}\" class=\"middle\">{}</text>",
            (left + right) / 2.0,
            bottom + 36.0,
            escaped(self.x),
        );
        let mut names: Vec<(f64, usize)> = Vec::new();
        // What is shown lies above the rest, and the first of it on top.
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(self.rank(i)));
        for i in order {
            let points = &self.lines[i].1;
            let path: Vec<String> =
                points.iter().map(|&(a, b)| format!("{:.1} {:.1}", x(a), y(b))).collect();
            let _ = writeln!(svg, "<path {} d=\"M{}\"/>", self.stroke(i), path.join("L"));
            if let Some(&(_, last)) = points.last() {
                names.push((y(last), i));
            }
        }
        for (at, i) in apart(names, bottom) {
            let (name, points) = &self.lines[i];
            let Some(&(last_x, last_y)) = points.last() else { continue };
            let _ = writeln!(
                svg,
                "<path class=\"lead\" d=\"M{:.1} {:.1}L{:.0} {at:.1}\"/>\
                 <text x=\"{:.0}\" y=\"{:.1}\" {}>{}</text>",
                x(last_x) + 2.0,
                y(last_y),
                right + 14.0,
                right + 17.0,
                at + 4.0,
                self.fill(i),
                escaped(name),
            );
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn colour(&self, line: usize) -> Option<&'static str> {
        COLOURS.get(self.rank(line)).copied()
    }

    /// Where it stands among what is shown.
    fn rank(&self, line: usize) -> usize {
        let name = &self.lines[line].0;
        self.shown.iter().position(|shown| shown == name).unwrap_or(usize::MAX)
    }

    fn stroke(&self, line: usize) -> String {
        match self.colour(line) {
            Some(colour) => {
                let dashes =
                    if self.rank(line) == DASHED { " stroke-dasharray=\"7 6\"" } else { "" };
                format!("class=\"line\" stroke=\"{colour}\" stroke-width=\"2.5\"{dashes}")
            }
            None => "class=\"line other\" stroke-width=\"1.2\"".to_owned(),
        }
    }

    fn fill(&self, line: usize) -> String {
        self.colour(line)
            .map_or(String::new(), |colour| format!("style=\"fill:{colour};font-weight:600\""))
    }
}

/// Greys in the middle, and no question for the scheme: a page may be dark where the system is light.
const STYLE: &str = "<style>\
    text{font:12px system-ui,sans-serif;fill:#79818b}\
    .title{font-size:14px;font-weight:600}\
    .end{text-anchor:end}.middle{text-anchor:middle}\
    .grid{stroke:#8884;fill:none}.lead{stroke:#8888;fill:none;stroke-dasharray:1 3}.line{fill:none}.other{stroke:#999}\
    </style>\n";

/// The powers of ten around numbers.
fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut from, mut to) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        from = from.min(value.max(1.0).log10().floor());
        to = to.max(value.max(1.0).log10().ceil());
    }
    if from.is_finite() && from < to { (from, to) } else { (0.0, 1.0) }
}

/// Places for names, in the order of their lines and far enough apart to be read.
fn apart(mut names: Vec<(f64, usize)>, bottom: f64) -> Vec<(f64, usize)> {
    names.sort_by(|a, b| a.0.total_cmp(&b.0));
    for i in 1..names.len() {
        names[i].0 = names[i].0.max(names[i - 1].0 + LETTERING);
    }
    let mut most = bottom;
    for name in names.iter_mut().rev() {
        name.0 = name.0.min(most);
        most = name.0 - LETTERING;
    }
    names
}

/// A power of ten as people read it.
fn short(decade: i32) -> String {
    match decade {
        0..3 => 10_u32.pow(decade as u32).to_string(),
        3..6 => format!("{} k", 10_u32.pow(decade as u32 - 3)),
        _ => format!("{} M", 10_f64.powi(decade - 6)),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_stand_on_each_other_or_below_the_field() {
        let places = apart(vec![(370.0, 0), (10.0, 1), (370.0, 2), (372.0, 3)], 374.0);
        assert!(places.windows(2).all(|pair| pair[1].0 - pair[0].0 >= LETTERING), "{places:?}");
        assert!(places.iter().all(|place| place.0 <= 374.0), "{places:?}");
        assert_eq!(places[0], (10.0, 1));
    }

    #[test]
    fn a_point_is_where_its_numbers_say() {
        let lines = [("plugo".to_owned(), vec![(10.0, 10.0), (1_000.0, 1_000.0)])];
        let plot = Plot { title: "a < b", x: "plugins", lines: &lines, shown: &["plugo"] };
        let svg = plot.svg();
        assert!(svg.contains("d=\"M64.0 374.0L610.0 44.0\""), "{svg}");
        assert!(svg.contains("a &lt; b") && svg.contains("#e8590c"), "{svg}");
    }
}
